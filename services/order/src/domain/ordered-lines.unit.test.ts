import { MAX_QUANTITY, type PricedLine } from '@standing-order/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sampleOrder } from '../../test/sample-order.ts';
import { decide } from './decide.ts';
import type { DetailsVerdict } from './order.ts';

const orderLines = fc.uniqueArray(
  fc.record({ itemId: fc.stringMatching(/^[a-z]{1,8}$/), quantity: fc.integer({ min: 1, max: MAX_QUANTITY }) }),
  { minLength: 1, maxLength: 6, selector: ({ itemId }) => itemId },
);
const unitPrices = fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 6, maxLength: 6 });

type Lines = readonly Pick<PricedLine, 'itemId' | 'quantity'>[];

const priceOf = (lines: Lines, prices: readonly number[]): PricedLine[] =>
  lines.map(({ itemId, quantity }, index) => {
    const unitPrice = prices[index] ?? 0;
    return { itemId, name: itemId, quantity, unitPrice, amount: quantity * unitPrice };
  });

const sumOf = (lines: readonly PricedLine[]) => lines.reduce((sum, { amount }) => sum + amount, 0);

/** The result of `decide` for this verdict on an order of these lines. */
function decideOn(lines: Lines, priced: readonly PricedLine[], total: number) {
  const order = sampleOrder({ request: { consumerId: 'ada', restaurantId: 'trattoria', lines: [...lines] } });
  const token = { w: 'w', a: 1, t: 1 };
  const verdict: DetailsVerdict = {
    ...{ kind: 'details', valid: true, token },
    ...{ lines: priced, total: { amount: total, currency: 'EUR' } },
  };
  return decide(order, verdict, 1);
}

test('prices of exactly the ordered lines are recorded, in any order of the lines', () => {
  fc.assert(
    fc.property(orderLines, unitPrices, fc.boolean(), (lines, prices, reversed) => {
      const priced = priceOf(lines, prices);
      const decision = decideOn(lines, reversed ? priced.toReversed() : priced, sumOf(priced));
      expect(decision).toMatchObject({ document: { answers: { details: { valid: true } } } });
    }),
  );
});

type Alteration = (lines: readonly PricedLine[]) => { readonly lines: readonly PricedLine[]; readonly total?: number };

/** Changes the first line. */
const change =
  (changes: (line: PricedLine) => Partial<PricedLine>): Alteration =>
  ([first, ...others]) => ({ lines: first ? [{ ...first, ...changes(first) }, ...others] : others });

test.each<[string, Alteration]>([
  ['another item', change(() => ({ itemId: 'ANOTHER' }))],
  [
    'another quantity',
    change(({ quantity, unitPrice }) => ({ quantity: quantity + 1, amount: (quantity + 1) * unitPrice })),
  ],
  ['an amount that is not quantity x unit price', change(({ amount }) => ({ amount: amount + 1 }))],
  ['a line less', ([, ...others]) => ({ lines: others })],
  ['a line more', (lines) => ({ lines: [...lines, ...priceOf([{ itemId: 'MORE', quantity: 1 }], [0])] })],
  ['a line twice', (lines) => ({ lines: [...lines, ...lines.slice(0, 1)] })],
  [
    'one item in place of all others',
    (lines) => ({ lines: [...lines.slice(1), { ...(priceOf([{ itemId: 'X', quantity: 1 }], [0])[0] as PricedLine) }] }),
  ],
  ['another total', (lines) => ({ lines, total: sumOf(lines) + 1 })],
])('prices with %s are ignored as not ordered', (_, alter) => {
  fc.assert(
    fc.property(orderLines, unitPrices, (lines, prices) => {
      const { lines: altered, total = sumOf(altered) } = alter(priceOf(lines, prices));
      expect(decideOn(lines, altered, total)).toEqual({ ignored: 'not-as-ordered' });
    }),
  );
});
