import { describe, expect, test } from 'vitest';
import { readOptions } from './options.ts';

describe('the command line', () => {
  test('defaults to the image of the chart', () => {
    expect(readOptions([], '1.2.3')).toMatchObject({ image: 'standing-order:1.2.3', full: false, testCluster: false });
  });

  test('lists every error of a command line', () => {
    expect(() => readOptions(['--within', '5', '--image', 'No:Tag:', '--k6-image', 'k6'], '1')).toThrow(
      /--within.*\n--image.*\n--k6-image/,
    );
    expect(() => readOptions(['--wrong'], '1')).toThrow(/--wrong/);
  });
});
