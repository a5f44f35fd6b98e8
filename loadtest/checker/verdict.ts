import type { OrderLine } from '../scenarios/lib/log.ts';

/** An order of a run as the state store has it; `mark`: the number of the request that it was made from. */
export interface Stored {
  readonly id: string;
  readonly run: string;
  readonly mark: number | undefined;
  readonly status: string;
}

/** An order that is not as it must be: its id, or the key of its request where no id is known. */
export type Culprit = string;

/** What became of the requests of some runs, in the terms of Jepsen's total queue. */
export interface Verdict {
  /** Requests that were sent. */
  readonly sent: number;
  readonly acknowledged: number;
  /** Acknowledged, and not there as the order that was asked for. */
  readonly lost: readonly Culprit[];
  /** One request, several orders. */
  readonly doubled: readonly Culprit[];
  /** There and not decided, acknowledged or not. */
  readonly stuck: readonly Culprit[];
  /** Decided otherwise than VALIDATED: every order of a run is a good one. */
  readonly wrong: readonly Culprit[];
  /** There, though nobody sent it or its client was told that nothing is stored. */
  readonly unexpected: readonly Culprit[];
  /** Of unknown outcome, and there: neither right nor wrong. */
  readonly recovered: number;
  /** Of unknown outcome, and not there: neither right nor wrong. */
  readonly absent: number;
}

/** The kinds of fault, in the order in which they are told. */
export const faultKinds = ['lost', 'doubled', 'stuck', 'wrong', 'unexpected'] as const;

/** Whether nothing is amiss. A run in which nothing was acknowledged shows nothing. */
export const isClean = (verdict: Verdict): boolean =>
  verdict.acknowledged > 0 && faultKinds.every((kind) => verdict[kind].length === 0);

/** Whether time can still mend it: what is only late is not there yet, or not decided. */
export const mayMend = ({ acknowledged, doubled, wrong, unexpected }: Verdict): boolean =>
  acknowledged > 0 && [doubled, wrong, unexpected].every((culprits) => culprits.length === 0);

/** Compares what the clients were told with what is stored. Pure. Orders of other runs in the store do not count. */
export function judge(requests: readonly OrderLine[], everything: readonly Stored[]): Verdict {
  const runs = new Set(requests.map(({ run }) => run));
  const stored = everything.filter(({ run }) => runs.has(run));
  const name = (run: string, mark: number | undefined) => `${run} ${mark}`;
  const byId = new Map(stored.map((order) => [order.id, order]));
  const byRequest = Map.groupBy(stored, ({ run, mark }) => name(run, mark));
  const sent = new Map(requests.map((request) => [name(request.run, request.mark), request]));
  const whose = (outcome: string) => requests.filter((request) => request.outcome === outcome);
  const isThere = ({ run, mark }: OrderLine) => byRequest.has(name(run, mark));
  const idsOf = (orders: readonly Stored[]) => orders.map(({ id }) => id);

  const acknowledged = whose('ok');
  const unknown = whose('unknown');
  const recovered = unknown.filter(isThere).length;
  return {
    sent: requests.length,
    acknowledged: acknowledged.length,
    lost: acknowledged
      .filter(({ id, run, mark }) => {
        const order = byId.get(id ?? '');
        return order?.run !== run || order.mark !== mark;
      })
      .map(({ id, key }) => id ?? key),
    doubled: [...byRequest.values()].filter((orders) => orders.length > 1).flatMap(idsOf),
    stuck: idsOf(stored.filter(({ status }) => status === 'PENDING')),
    wrong: idsOf(stored.filter(({ status }) => status !== 'PENDING' && status !== 'VALIDATED')),
    unexpected: idsOf(stored.filter(({ run, mark }) => (sent.get(name(run, mark))?.outcome ?? 'fail') === 'fail')),
    recovered,
    absent: unknown.length - recovered,
  };
}
