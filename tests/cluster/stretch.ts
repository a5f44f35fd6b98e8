import type { OrderLine } from '@standing-order/loadtest/request-log';

/** What came of the orders that were to be sent within some time. */
export interface Stretch {
  readonly seconds: number;
  /** By the rate, or what was sent if that is more. */
  readonly offered: number;
  readonly acknowledged: readonly OrderLine[];
  /** Sent and not acknowledged. */
  readonly missed: readonly OrderLine[];
}

/** The requests that were sent after `from` until `to`, in Unix time in milliseconds; `rate`: requests per second. */
export function stretchOf(requests: readonly OrderLine[], rate: number, from: number, to: number): Stretch {
  const sent = requests.filter(({ at }) => at > from && at <= to);
  const seconds = (to - from) / 1_000;
  return {
    seconds,
    // A load generator that is starved sends less than its schedule says. One may lie just beside an end.
    offered: Math.max(sent.length, Math.floor(rate * seconds) - 1),
    acknowledged: sent.filter(({ outcome }) => outcome === 'ok'),
    missed: sent.filter(({ outcome }) => outcome !== 'ok'),
  };
}

/** Of the orders of a stretch, the part that a busy machine may leave without an answer. */
const UNANSWERED = 0.1;

/**
 * What is wrong with a stretch in which the release was to go on taking orders: none may be refused, and hardly one go
 * without an answer. Undefined: nothing.
 */
export function faultOfTaking(stretch: Stretch): string | undefined {
  const { acknowledged, missed } = stretch;
  const refused = missed.filter(({ outcome }) => outcome === 'fail').length;
  const unanswered = missed.length - refused;
  if (refused > 0) return `${refused} orders were refused: ${inWordsOf(stretch)}`;
  if (acknowledged.length === 0 || unanswered > UNANSWERED * (acknowledged.length + unanswered))
    return `orders are not taken: ${inWordsOf(stretch)}`;
  return undefined;
}

/** A stretch for people: what part was acknowledged, how fast, and why the rest was not. */
export function inWordsOf({ seconds, offered, acknowledged, missed }: Stretch): string {
  const percent = ((100 * acknowledged.length) / offered).toFixed(acknowledged.length === offered ? 0 : 2);
  const durations = acknowledged.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const p95 = durations[Math.ceil(0.95 * durations.length) - 1];
  const unsent = offered - acknowledged.length - missed.length;
  const reasons = [...Map.groupBy(missed, ({ error }) => error ?? 'no reason')].map(
    ([error, of]) => `${of.length} x ${error}`,
  );
  return [
    `${percent} % of ${offered} orders taken in ${seconds.toFixed(0)} s`,
    ...(p95 === undefined ? [] : [`p95 ${p95} ms`]),
    ...reasons,
    ...(unsent === 0 ? [] : [`${unsent} not sent in time`]),
  ].join(', ');
}
