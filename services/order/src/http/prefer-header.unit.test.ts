import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_WAIT_SECONDS, parsePrefer } from './prefer-header.ts';

const none = { respondAsync: false, wait: undefined };

describe('the header Prefer', () => {
  it.each<[string, ReturnType<typeof parsePrefer>]>([
    ['respond-async', { respondAsync: true, wait: undefined }],
    ['wait=5', { respondAsync: false, wait: 5 }],
    ['respond-async, wait=10', { respondAsync: true, wait: 10 }],
    ['Wait = "7" ; why=not, RESPOND-ASYNC', { respondAsync: true, wait: 7 }],
    ['wait=1, wait=2', { respondAsync: false, wait: 1 }],
    ['return=minimal; x="a, wait=3", wait=4', { respondAsync: false, wait: 4 }],
    ['wait=0', { respondAsync: false, wait: 0 }],
    ['wait=99999999999999999999', { respondAsync: false, wait: MAX_WAIT_SECONDS }],
    ['handling=lenient', none],
  ])('%s', (header, preferences) => {
    expect(parsePrefer(header)).toEqual(preferences);
  });

  it.each([
    '',
    ',',
    'wait',
    'wait=',
    'wait=-1',
    'wait=1.5',
    'wait=soon',
    'wait 5',
    '"wait=5',
    'respond-async=no',
    '=5',
  ])('is ignored when it is malformed: %j', (header) => {
    expect(parsePrefer(header)).toEqual(none);
  });

  it('is ignored only in its malformed part', () => {
    expect(parsePrefer('(!), wait=x y, respond-async')).toEqual({ respondAsync: true, wait: undefined });
  });

  it('never makes the parser throw', () => {
    const piece = fc.constantFrom('wait', '=', '"', '\\', ',', ';', ' ', '5', 'respond-async', 'x');
    const text = fc.oneof(
      fc.string(),
      fc.array(piece).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (header) => {
        const { wait, respondAsync } = parsePrefer(header);
        expect(wait === undefined || (Number.isInteger(wait) && wait >= 0 && wait <= MAX_WAIT_SECONDS)).toBe(true);
        expect(typeof respondAsync).toBe('boolean');
      }),
    );
  });

  it('is parsed among other preferences in any notation', () => {
    const token = fc.stringMatching(/^[a-z][a-z-]{0,9}$/).filter((name) => name !== 'wait' && name !== 'respond-async');
    const quoted = fc.string({ maxLength: 10 }).map((text) => `"${text.replaceAll(/[\\"]/g, '\\$&')}"`);
    const other = fc.tuple(token, fc.oneof(token, quoted)).map((pair) => pair.join('='));
    fc.assert(
      fc.property(
        fc.array(other, { maxLength: 5 }),
        fc.array(other, { maxLength: 5 }),
        fc.nat({ max: 200 }),
        (before, after, wait) => {
          const header = [...before, `wait=${wait}`, 'respond-async', ...after].join(', ');
          expect(parsePrefer(header)).toEqual({ respondAsync: true, wait: Math.min(wait, MAX_WAIT_SECONDS) });
        },
      ),
    );
  });
});
