import type { OrderLine } from '../scenarios/lib/log.ts';

/** An order of a run in the state store; `requestNumber` is undefined if no run creates its lines. */
export interface Stored {
  readonly id: string;
  readonly run: string;
  readonly requestNumber: number | undefined;
  readonly status: string;
  /** Of the stored order; Unix time in milliseconds. */
  readonly createdAt?: number;
  /** Absent while the order is PENDING. */
  readonly decidedAt?: number;
  /** Whether the notification service has confirmed the decision; absent for an order that it is not sent. */
  readonly notified?: boolean;
}

/** A reference to an order with a fault: its id, or the key of its request if there is no id. */
export type OrderRef = string;

/** The result of a check, in the terms of Jepsen's total queue. */
export interface CheckResult {
  /** Requests that were sent. */
  readonly sent: number;
  readonly acknowledged: number;
  /** Acknowledged, and not stored as the order of that request. */
  readonly lost: readonly OrderRef[];
  /** Several orders of one request. */
  readonly doubled: readonly OrderRef[];
  /** Stored and not decided, acknowledged or not. */
  readonly stuck: readonly OrderRef[];
  /** Decided, and the notification service has not confirmed the decision. */
  readonly unnotified: readonly OrderRef[];
  /** Decided otherwise than the request expects. */
  readonly wrong: readonly OrderRef[];
  /** Stored, although its request was never sent or was answered as not stored. */
  readonly unexpected: readonly OrderRef[];
  /** Of unknown outcome and stored: no fault. */
  readonly recovered: number;
  /** Of unknown outcome and not stored: no fault. */
  readonly absent: number;
  /** Acknowledged, not stored, and old enough to have expired: no fault. */
  readonly expired: number;
}

/** The kinds of fault, in the order of the output. */
export const FAULT_KINDS = ['lost', 'doubled', 'stuck', 'unnotified', 'wrong', 'unexpected'] as const;

/** Whether there is no fault. A run without acknowledged orders is not clean. */
export const isClean = (result: CheckResult): boolean =>
  result.acknowledged > 0 && FAULT_KINDS.every((kind) => result[kind].length === 0);

/** Whether the faults can disappear with time: orders that are not stored, not decided or not confirmed yet. */
export const canRecover = ({ acknowledged, doubled, wrong, unexpected }: CheckResult): boolean =>
  acknowledged > 0 && [doubled, wrong, unexpected].every((orders) => orders.length === 0);

/**
 * Compares the outcomes of requests with the stored orders. Orders of other runs do not count.
 *
 * @param expiredBefore Unix time in milliseconds: an order whose request was sent earlier may have expired
 */
export function judge(
  requests: readonly OrderLine[],
  storedOrders: readonly Stored[],
  expiredBefore = Number.NEGATIVE_INFINITY,
): CheckResult {
  const runs = new Set(requests.map(({ run }) => run));
  const stored = storedOrders.filter(({ run }) => runs.has(run));
  const name = (run: string, requestNumber: number | undefined) => `${run} ${requestNumber}`;
  const byId = new Map(stored.map((order) => [order.id, order]));
  const byRequest = Map.groupBy(stored, ({ run, requestNumber }) => name(run, requestNumber));
  const sent = new Map(requests.map((request) => [name(request.run, request.requestNumber), request]));
  const withOutcome = (outcome: string) => requests.filter((request) => request.outcome === outcome);
  const isStored = ({ run, requestNumber }: OrderLine) => byRequest.has(name(run, requestNumber));
  const idsOf = (orders: readonly Stored[]) => orders.map(({ id }) => id);

  const acknowledged = withOutcome('ok');
  const unknown = withOutcome('unknown');
  const recovered = unknown.filter(isStored).length;
  const isGone = (line: OrderLine) =>
    line.at < expiredBefore && !isStored(line) && (line.id === undefined || !byId.has(line.id));
  const expired = acknowledged.filter(isGone).length;
  return {
    sent: requests.length,
    acknowledged: acknowledged.length,
    lost: acknowledged
      .filter((line) => {
        if (isGone(line)) return false;
        const { id, run, requestNumber } = line;
        // A message client acknowledges a request before its order has an id.
        const order = id === undefined ? byRequest.get(name(run, requestNumber))?.[0] : byId.get(id);
        return order?.run !== run || order.requestNumber !== requestNumber;
      })
      .map(({ id, key }) => id ?? key),
    doubled: [...byRequest.values()].filter((orders) => orders.length > 1).flatMap(idsOf),
    stuck: idsOf(stored.filter(({ status }) => status === 'PENDING')),
    unnotified: idsOf(stored.filter(({ status, notified }) => status !== 'PENDING' && notified === false)),
    wrong: idsOf(
      stored.filter(
        ({ run, requestNumber, status }) =>
          status !== 'PENDING' && status !== (sent.get(name(run, requestNumber))?.expected ?? 'VALIDATED'),
      ),
    ),
    unexpected: idsOf(
      stored.filter(({ run, requestNumber }) => (sent.get(name(run, requestNumber))?.outcome ?? 'fail') === 'fail'),
    ),
    recovered,
    absent: unknown.length - recovered,
    expired,
  };
}
