import { describe, expect, test } from 'vitest';
import { choose, parseVersion, unsupportedReason } from './versions.ts';

describe('the version in the output of a program', () => {
  test.each([
    ['1.18.1', '1.18.1'],
    ['Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64', '7.0.15'],
    ['postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)', '15.18'],
    ['postgres (PostgreSQL) 17beta1', '17'],
    ['k6 v2.1.0 (go1.26.8, linux/amd64)', '2.1.0'],
    ['v4.3.1', '4.3.1'],
    ['edge', undefined],
    ['', undefined],
  ])('%j has version %j', (printed, version) => {
    expect(parseVersion(printed)).toBe(version);
  });
});

describe('whether a version is supported', () => {
  const wanted = { atLeast: '1.18.1', below: '1.19' };

  test.each(['1.18.1', '1.18.10'])('%s is supported', (version) => {
    expect(unsupportedReason(version, wanted)).toBeUndefined();
  });

  test.each([
    ['1.18.0', 'is 1.18.0, too old'],
    ['1.9.9', 'is 1.9.9, too old'],
    ['1.19', 'is 1.19, too new'],
    ['2.0.0', 'is 2.0.0, too new'],
    [undefined, 'prints no version'],
  ])('%s is not supported: it %s', (version, reason) => {
    expect(unsupportedReason(version, wanted)).toBe(reason);
  });

  test('a missing part counts as 0, and the upper bound is optional', () => {
    expect(unsupportedReason('7', { atLeast: '7.0.0' })).toBeUndefined();
    expect(unsupportedReason('700.1', { atLeast: '7' })).toBeUndefined();
  });
});

describe('choosing among candidates', () => {
  const wanted = { atLeast: '7' };

  test('chooses the first supported version and gives a reason for each one before it', () => {
    const choice = choose([{ path: '/a', version: '6.2' }, { path: '/b' }, { path: '/c', version: '7.2' }], wanted);
    expect(choice.chosen).toEqual({ path: '/c', version: '7.2' });
    expect(choice.rejected).toEqual([
      '/a is 6.2, too old: not used (wanted: 7 or newer)',
      '/b prints no version: not used (wanted: 7 or newer)',
    ]);
  });

  test('ignores the candidates after it', () => {
    const choice = choose(
      [
        { path: '/a', version: '8' },
        { path: '/b', version: '6' },
      ],
      wanted,
    );
    expect(choice).toEqual({ chosen: { path: '/a', version: '8' }, rejected: [] });
  });

  test('chooses none when there is no supported version', () => {
    expect(choose([], wanted)).toEqual({ rejected: [] });
  });
});
