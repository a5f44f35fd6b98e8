import { laneOf } from '../src/index.ts';
import { HOUR, MINUTE, SECOND } from '../src/util/time.ts';
import type { OrderPlan } from './clients.ts';
import type { Fault } from './random-faults.ts';
import { SimulationRun, type Variant } from './run.ts';
import { createScenario } from './scenarios.ts';

const LANES = 64;
const ORDERS = 40;
const SAMPLE_MS = 100;
/** Longer than the time between two retries of a parked order. */
const OBSERVED_MS = 90 * MINUTE;

/** Not a multiple of an hour, so that the hourly retry of parked orders is not due at the end of the outage. */
export const NIGHT = 5 * HOUR + 25 * MINUTE;

/** An outage of the consumer channel, in which messages are lost. */
export interface Outage {
  readonly ms: number;
  /** Lanes of the orders. */
  readonly orderLanes: 'one' | 'all';
  /** Lanes in which the messages are lost. `half`: in the others, orders are answered during the whole outage. */
  readonly lanes: 'half' | 'all';
  readonly sharedEvidence: boolean;
  /** Probability that a message is lost, if it is not 1. */
  readonly dropRate?: number;
  /** When the replica that took the orders dies, in milliseconds after the start of the outage. The other one takes over. */
  readonly takeoverAfter?: number;
  readonly orders?: number;
  readonly seed?: number;
}

/** What happened to the orders that waited when the outage ended. Times are in milliseconds after its end. */
export interface Recovery {
  readonly waiting: number;
  /** Parked orders at the end of the outage. */
  readonly parked: number;
  readonly first: number;
  readonly last: number;
  /** Commands sent on all channels during the outage. */
  readonly sends: number;
  readonly violation: string | undefined;
}

/** Orders of the first minute, in one lane or in many. */
function ordersIn(lanes: Outage['orderLanes'], count: number): OrderPlan[] {
  const ids: string[] = [];
  for (let i = 0; ids.length < count; i++) if (lanes === 'all' || laneOf(`x${i}`, LANES) === 0) ids.push(`x${i}`);
  return ids.map((id, i) => ({
    at: SECOND + (MINUTE * i) / count,
    id,
    copies: 1,
    rival: false,
    retries: 0,
    invalid: false,
  }));
}

/** Orders that are placed every ten seconds during the outage, in the lanes that work. */
function ordersElsewhere(outage: Outage): OrderPlan[] {
  if (outage.lanes === 'all') return [];
  const orders: OrderPlan[] = [];
  for (let i = 0, at = MINUTE; at < outage.ms; i++) {
    const id = `w${i}`;
    if (laneOf(id, LANES) < LANES / 2) continue;
    orders.push({ at, id, copies: 1, rival: false, retries: 0, invalid: false });
    at += 10 * SECOND;
  }
  return orders;
}

/** Runs an outage. After it no order is placed, so that only the waiting orders can show that the channel works. */
export async function recoveryFrom(outage: Outage, variant: Variant = {}): Promise<Recovery> {
  const { ms, seed = 1, sharedEvidence, dropRate, takeoverAfter, orders: count = ORDERS } = outage;
  const waiting = ordersIn(outage.orderLanes, count);
  const lanes = outage.lanes === 'all' ? undefined : Array.from({ length: LANES / 2 }, (_, lane) => lane);
  const change = dropRate === undefined ? { state: 'losing' as const, lanes } : { dropRate };
  const loss: Fault = { at: 0, kind: 'validator', channel: 'consumer', ms, change };
  const kill: Fault[] =
    takeoverAfter === undefined ? [] : [{ at: takeoverAfter, kind: 'kill', slot: 1, backAfter: 2 * ms }];
  const schedule = createScenario({
    seed,
    slots: 2,
    settings: { sharedEvidence },
    orders: [...waiting, ...ordersElsewhere(outage)],
    faults: [loss, ...kill],
    healsAt: ms,
  });
  const run = new SimulationRun(schedule, false, variant);
  const { simulator, checker, cluster } = run;
  await run.untilHealed();
  const parked = cluster.alive().reduce((sum, { outbox }) => sum + outbox.parked().length, 0);
  const { sends } = run.flow;
  let open = waiting.filter(({ id }) => checker.last(id)?.verdicts.consumer === undefined);
  const recovered: number[] = [];
  const sample = () => {
    const still = open.filter(({ id }) => checker.last(id)?.verdicts.consumer === undefined);
    for (let i = still.length; i < open.length; i++) recovered.push(simulator.now - ms);
    open = still;
    simulator.schedule(SAMPLE_MS, sample);
  };
  const waited = open.length;
  sample();
  await simulator.run(ms + OBSERVED_MS, () => open.length === 0 || checker.violation !== undefined);
  const [first = Number.POSITIVE_INFINITY] = recovered;
  const last = open.length === 0 ? (recovered.at(-1) ?? 0) : Number.POSITIVE_INFINITY;
  return { waiting: waited, parked, first, last, sends, violation: checker.violation?.what };
}

/** The first waiting order is answered this soon after an outage. */
const FIRST_MS = 10 * SECOND;
/** All waiting orders are answered by this time. */
const ALL_MS = MINUTE;

/** Why an outage left an order behind or broke an invariant; undefined if it did not. */
export function leftBehind({ waiting, parked, first, last, violation }: Recovery): string | undefined {
  if (violation !== undefined) return violation;
  if (waiting === 0) return 'no order waited, so that the scenario proves no recovery';
  if (first <= FIRST_MS && last <= ALL_MS) return undefined;
  return `of ${waiting} waiting orders, ${parked} of them parked, the first was answered after ${first} ms, the last after ${last} ms`;
}
