import { describe, expect, it } from 'vitest';
import { number, spreadText, table } from './table.ts';

describe('numbers', () => {
  it('have three significant digits', () => {
    expect([0, 0.01234, 0.5, 3.456, 12.34, 999.6, 12345, -2.5, Number.NaN].map(number)).toEqual([
      '0',
      '0.012',
      '0.5',
      '3.46',
      '12.3',
      '1,000',
      '12,345',
      '-2.5',
      '-',
    ]);
  });

  it('with a spread show smallest and largest, unless they are equal', () => {
    expect(spreadText({ median: 5, min: 4, max: 6.25 })).toBe('5 (4 to 6.25)');
    expect(spreadText({ median: 5, min: 5, max: 5 })).toBe('5');
    expect(spreadText({ median: Number.NaN, min: Number.NaN, max: Number.NaN })).toBe('-');
  });
});

it('a table is aligned Markdown', () => {
  expect(
    table(
      ['name', 'orders/s'],
      [
        ['ours', '12'],
        ['another build', '3'],
      ],
    ),
  ).toBe(
    [
      '| name          | orders/s |',
      '|---------------|---------:|',
      '| ours          |       12 |',
      '| another build |        3 |',
    ].join('\n'),
  );
});
