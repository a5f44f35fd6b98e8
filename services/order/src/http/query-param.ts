import { ProblemError } from '@standing-order/service-kit/http';
import type { Context } from 'hono';

/** Reads a query parameter that is a whole number from 1 to `max`. Throws a problem for any other value. */
export function wholeNumberParam(c: Context, name: string, max: number): number | undefined {
  const text = c.req.query(name);
  if (text === undefined) return undefined;
  const value = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= max) return value;
  throw new ProblemError('malformed-request', {
    errors: [{ field: name, detail: `must be a whole number from 1 to ${max}` }],
  });
}
