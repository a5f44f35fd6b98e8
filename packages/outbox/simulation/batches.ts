import { hash } from '../src/index.ts';
import { MINUTE, SECOND } from '../src/util/time.ts';
import type { OrderPlan } from './clients.ts';
import type { CHANNELS, ValidatorFaults } from './fault-rates.ts';
import type { Order } from './order-handler.ts';
import type { Fault } from './random-faults.ts';
import { SimulationRun, type Variant } from './run.ts';
import { createScenario } from './scenarios.ts';

const SAMPLE_MS = 100;
/** Per cent of all orders. */
const POISON = 10;
/** Orders that arrive together, so that their commands share a message. */
const BURST = 20;

const isPoison = (id: string): boolean => hash(id) % 100 < POISON;

/** Bursts of orders over `[from, to)`. */
function bursts(from: number, to: number, everyMs: number): OrderPlan[] {
  return Array.from({ length: (BURST * (to - from)) / everyMs }, (_, i) => ({
    at: from + everyMs * Math.floor(i / BURST),
    id: `x${i}`,
    copies: 1,
    rival: false,
    retries: 0,
    invalid: false,
  }));
}

type Channel = (typeof CHANNELS)[number];

const isAcknowledged = ({ verdicts, announced }: Order, channel: Channel): boolean =>
  (channel === 'announce' ? announced : verdicts[channel]) !== undefined;

/** A fault of the receiver of a channel. */
interface Phase {
  readonly ms: number;
  readonly change: Partial<ValidatorFaults>;
}

/** When the command of each order that is not poison was acknowledged on this channel. */
async function answers(
  channel: Channel,
  orders: readonly OrderPlan[],
  phases: readonly Phase[],
  variant: Variant,
  more: readonly Fault[] = [],
): Promise<ReadonlyMap<OrderPlan, number>> {
  let end = 0;
  const faults = phases.map(({ ms, change }): Fault => {
    const at = end;
    end += ms;
    return { at, kind: 'validator', channel, ms: ms - 1, change };
  });
  const settings = { sharedEvidence: true };
  const run = new SimulationRun(
    createScenario({ slots: 1, settings, orders, faults: [...faults, ...more], healsAt: end }),
    false,
    variant,
  );
  const { simulator, checker } = run;
  const answered = new Map<OrderPlan, number>();
  let open = orders.filter(({ id }) => !isPoison(id));
  const sample = () => {
    open = open.filter((order) => {
      const last = checker.last(order.id);
      const isAnswered = last !== undefined && isAcknowledged(last, channel);
      if (isAnswered) answered.set(order, simulator.now);
      return !isAnswered;
    });
    simulator.schedule(SAMPLE_MS, sample);
  };
  sample();
  await run.untilHealed();
  for (const order of open) answered.set(order, Number.POSITIVE_INFINITY);
  if (checker.violation !== undefined) throw new Error(checker.violation.what);
  return answered;
}

/** The longest time that an order waited. */
const longestWait = (answered: ReadonlyMap<OrderPlan, number>): number =>
  Math.max(...[...answered].map(([{ at }, answeredAt]) => answeredAt - at));

/** Why orders are held up that share messages with orders on which the receiver dies; undefined if they are not. */
export async function heldUpByPoison(variant: Variant, channel: Channel = 'consumer'): Promise<string | undefined> {
  const orders = bursts(10 * SECOND, 40 * SECOND, 2 * SECOND);
  const phases = [{ ms: 3 * MINUTE, change: { poison: POISON } }];
  const waited = longestWait(await answers(channel, orders, phases, variant));
  // The loss of a message is detected after the reorder window of 5 s.
  return waited <= 15 * SECOND ? undefined : `an order beside poison waited ${waited} ms`;
}

/** Why parked orders are held up by others that the validator dies on; undefined if they are not. */
export async function heldUpByParked(variant: Variant): Promise<string | undefined> {
  const orders = bursts(10 * SECOND, 50 * SECOND, 2 * SECOND);
  const lossEnds = 20 * MINUTE;
  const loss = { ms: lossEnds, change: { dropRate: 0.97, poison: POISON } };
  const answered = await answers('consumer', orders, [loss, { ms: lossEnds, change: { poison: POISON } }], variant);
  const waited = Math.max(...answered.values()) - lossEnds;
  return waited <= 3 * MINUTE ? undefined : `a parked order beside poison waited ${waited} ms after the loss`;
}

/** Why an order is lost with its batch, when the receiver replies to other orders of the batch; undefined if it is not. */
export async function lostFromBatch(variant: Variant, channel: Channel = 'consumer'): Promise<string | undefined> {
  const orders = bursts(10 * SECOND, 2 * MINUTE, SECOND);
  const phases = [{ ms: 5 * MINUTE, change: { dropRate: 0.1 } }];
  const waited = longestWait(await answers(channel, orders, phases, variant));
  return waited <= 30 * SECOND ? undefined : `an order waited ${waited} ms`;
}

/** The longest wait during an upgrade, in which replicas of the version before receive this share of all messages. */
export async function longestWaitInUpgrade(oldVersion: number, channel: Channel = 'consumer'): Promise<number> {
  const orders = bursts(10 * SECOND, MINUTE, 500);
  const ms = 3 * MINUTE;
  const replies: Fault = { at: 0, kind: 'rates', ms, change: { oldVersion } };
  return longestWait(await answers(channel, orders, [{ ms, change: { oldVersion } }], {}, [replies]));
}
