import { describe, expect, test } from 'vitest';
import { choose, parseVersion, unfit } from './versions.ts';

describe('the version a program names', () => {
  test.each([
    ['1.18.1', '1.18.1'],
    ['Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64', '7.0.15'],
    ['postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)', '15.18'],
    ['postgres (PostgreSQL) 17beta1', '17'],
    ['k6 v2.1.0 (go1.26.8, linux/amd64)', '2.1.0'],
    ['v4.3.1', '4.3.1'],
    ['edge', undefined],
    ['', undefined],
  ])('%j is %j', (printed, version) => {
    expect(parseVersion(printed)).toBe(version);
  });
});

describe('whether a version will do', () => {
  const wanted = { atLeast: '1.18.1', below: '1.19' };

  test.each(['1.18.1', '1.18.10'])('%s does', (version) => {
    expect(unfit(version, wanted)).toBeUndefined();
  });

  test.each([
    ['1.18.0', 'is 1.18.0, too old'],
    ['1.9.9', 'is 1.9.9, too old'],
    ['1.19', 'is 1.19, too new'],
    ['2.0.0', 'is 2.0.0, too new'],
    [undefined, 'names no version'],
  ])('%s does not: it %s', (version, reason) => {
    expect(unfit(version, wanted)).toBe(reason);
  });

  test('a missing part counts as 0, and no upper bound means none', () => {
    expect(unfit('7', { atLeast: '7.0.0' })).toBeUndefined();
    expect(unfit('700.1', { atLeast: '7' })).toBeUndefined();
  });
});

describe('choosing among candidates', () => {
  const wanted = { atLeast: '7' };

  test('takes the first that will do and tells why those before it will not', () => {
    const choice = choose([{ path: '/a', version: '6.2' }, { path: '/b' }, { path: '/c', version: '7.2' }], wanted);
    expect(choice.chosen).toEqual({ path: '/c', version: '7.2' });
    expect(choice.refused).toEqual([
      '/a is 6.2, too old: not used (wanted: 7 or newer)',
      '/b names no version: not used (wanted: 7 or newer)',
    ]);
  });

  test('says nothing of those after it', () => {
    const choice = choose(
      [
        { path: '/a', version: '8' },
        { path: '/b', version: '6' },
      ],
      wanted,
    );
    expect(choice).toEqual({ chosen: { path: '/a', version: '8' }, refused: [] });
  });

  test('takes none when none will do', () => {
    expect(choose([], wanted)).toEqual({ refused: [] });
  });
});
