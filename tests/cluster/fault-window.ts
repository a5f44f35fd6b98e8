import type { OrderLine } from '@standing-order/loadtest/request-log';

/** The results of the orders that were due in the time of a fault. */
export interface FaultWindow {
  readonly seconds: number;
  /** By the rate, or the number of sent orders if that is higher. */
  readonly offered: number;
  readonly acknowledged: readonly OrderLine[];
  /** Sent and not acknowledged. */
  readonly missed: readonly OrderLine[];
}

/** Selects the requests sent after `from` and until `to` (Unix time in milliseconds). `rate`: requests per second. */
export function selectFaultWindow(requests: readonly OrderLine[], rate: number, from: number, to: number): FaultWindow {
  const sent = requests.filter(({ at }) => at > from && at <= to);
  const seconds = (to - from) / 1_000;
  return {
    seconds,
    // A starved load generator sends fewer requests than its schedule has. One request may lie just outside the window.
    offered: Math.max(sent.length, Math.floor(rate * seconds) - 1),
    acknowledged: sent.filter(({ outcome }) => outcome === 'ok'),
    missed: sent.filter(({ outcome }) => outcome !== 'ok'),
  };
}

/** The share of orders that may remain unanswered on a busy machine. */
const MAX_UNANSWERED = 0.1;

/**
 * Checks a window in which orders must be acknowledged: none may be refused, and at most a tenth may have no answer.
 * Returns the fault, or undefined.
 */
export function findIntakeFault(faultWindow: FaultWindow): string | undefined {
  const { acknowledged, missed } = faultWindow;
  const refused = missed.filter(({ outcome }) => outcome === 'fail').length;
  const unanswered = missed.length - refused;
  if (refused > 0) return `${refused} orders were refused: ${describeWindow(faultWindow)}`;
  if (acknowledged.length === 0 || unanswered > MAX_UNANSWERED * (acknowledged.length + unanswered))
    return `orders are not acknowledged: ${describeWindow(faultWindow)}`;
  return undefined;
}

/** The share of acknowledged orders, their 95th percentile, and the reasons of the others, as text. */
export function describeWindow({ seconds, offered, acknowledged, missed }: FaultWindow): string {
  const percent = ((100 * acknowledged.length) / offered).toFixed(acknowledged.length === offered ? 0 : 2);
  const durations = acknowledged.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const p95 = durations[Math.ceil(0.95 * durations.length) - 1];
  const unsent = offered - acknowledged.length - missed.length;
  const reasons = [...Map.groupBy(missed, ({ error }) => error ?? 'no reason')].map(
    ([error, of]) => `${of.length} x ${error}`,
  );
  return [
    `${percent} % of ${offered} orders acknowledged in ${seconds.toFixed(0)} s`,
    ...(p95 === undefined ? [] : [`p95 ${p95} ms`]),
    ...reasons,
    ...(unsent === 0 ? [] : [`${unsent} not sent in time`]),
  ].join(', ');
}
