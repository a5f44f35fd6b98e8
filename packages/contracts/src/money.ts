import { z } from 'zod';

/** ISO 4217 code. Only its form is checked, so that a new currency needs no release. */
export const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'must be three capital letters (ISO 4217)')
  .describe('ISO 4217.');

/**
 * An amount in minor units (cents) in a request: a price or a limit. The bound keeps the largest possible total (100 lines of
 * 1,000 pieces) below 2^53, above which whole numbers are not exact.
 */
export const amount = z.int().min(0).max(10_000_000_000).describe('In minor units (cents).');

/** The largest total: 100 lines x 1,000 pieces x the largest amount. */
export const totalAmount = z.int().min(0).max(1_000_000_000_000_000).describe('In minor units (cents).');

/** An amount of money in whole minor units of a currency, in a request. */
export const money = z.strictObject({ amount, currency });
export type Money = z.infer<typeof money>;

/** Money in a message, up to the largest total. Unknown fields are removed. */
export const carriedMoney = z.object({ amount: totalAmount, currency });
