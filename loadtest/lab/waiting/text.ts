import type { Spread } from '../../bench/measure/statistics.ts';

/** A ratio with its smallest and largest value: 0.98 (0.95 to 1.02). */
export const ratioText = (ratio: Spread): string => spreadOf(ratio, 2);
export const rateText = (rate: Spread): string => spreadOf(rate, 0);
export const msText = (ms: Spread): string => spreadOf(ms, 1);

function spreadOf({ median, min, max }: Spread, digits: number): string {
  const [middle, least, most] = [median, min, max].map((value) => value.toFixed(digits));
  return least === most ? `${middle}` : `${middle} (${least} to ${most})`;
}
