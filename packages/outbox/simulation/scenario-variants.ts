import type { Policies } from '../src/index.ts';
import { HOUR, MINUTE, SECOND } from '../src/util/time.ts';
import { heldUpByParked, heldUpByPoison, lostFromBatch } from './batches.ts';
import { leftBehind, NIGHT, type Outage, recoveryFrom } from './outages.ts';
import { runSchedule, type Variant } from './run.ts';
import { createScenario, plainOrders } from './scenarios.ts';

/** A broken outbox that no random schedule detects, with a scenario of its own. */
export interface ScenarioVariant extends Variant {
  /** The defect that the variant introduces. */
  readonly defect: string;
  /** Runs the scenario. Resolves to the reason why this outbox is broken; to undefined if it is not. */
  readonly detect: (variant: Variant) => Promise<string | undefined>;
}

/** Commands sent more than once while a validator takes up to 20 s per message, which reorders its replies. */
async function retransmissionsOfSlowValidator(variant: Variant): Promise<number> {
  const orders = plainOrders(1_200, SECOND, 10 * MINUTE);
  const schedule = createScenario({
    slots: 2,
    settings: { lanes: 4, sharedEvidence: true },
    orders,
    faults: [{ at: 0, kind: 'validator', channel: 'consumer', ms: 10 * MINUTE, change: { maxDelay: 20 * SECOND } }],
    healsAt: 10 * MINUTE,
  });
  const { sends } = await runSchedule(schedule, { variant });
  return sends - 3 * orders.length;
}

/** Orders are stored for a minute while no heartbeat is, so that orders without a number outlive their clients' deadlines. */
export const runShortOfNumbers = (variant: Variant) =>
  runSchedule(
    createScenario({
      slots: 1,
      settings: { reservedNumbers: 4 },
      orders: plainOrders(40, 10 * SECOND, MINUTE),
      faults: [{ at: 5 * SECOND, kind: 'rates', ms: MINUTE, change: { writeLost: 1 } }],
      healsAt: 2 * MINUTE,
    }),
    { variant },
  );

const FAR_LANES = { orderLanes: 'all', lanes: 'all', sharedEvidence: false } as const;

/** Why an outbox leaves an order behind after an outage. */
const detectLeftBehind = (outage: Outage) => async (variant: Variant) =>
  leftBehind(await recoveryFrom(outage, variant));

/** A command counts as delivered once any command was acknowledged that was sent at the same time, as those of one message are. */
function lostWithItsBatch(): Policies['isLost'] {
  const acknowledged = new Set<number>();
  return ({ sentAt, reorderMs, evidence }) => {
    acknowledged.add(evidence);
    return sentAt + reorderMs < evidence && !acknowledged.has(sentAt);
  };
}

/** Variants with a scenario each. Every one of them has to be detected, and the correct outbox must not be. */
export const scenarioVariants: Readonly<Record<string, ScenarioVariant>> = {
  'sends-after-unsent': {
    defect: 'a document is stored after its client was promised that it is not',
    policies: { maySend: () => true },
    detect: async (variant) => (await runShortOfNumbers(variant)).violation?.what,
  },
  'fixed-reorder-window': {
    defect: 'replies that arrive out of order cause retransmissions of commands that are not lost',
    policies: { nextReorderMs: (reorderMs) => reorderMs },
    async detect(variant) {
      const retransmissions = await retransmissionsOfSlowValidator(variant);
      return retransmissions > 200 ? `${retransmissions} retransmissions` : undefined;
    },
  },
  'parks-during-outage': {
    defect: 'attempts during an outage count towards parking, so that no command is left that could detect its end',
    policies: { countsAttempt: () => true },
    detect: detectLeftBehind({ ...FAR_LANES, ms: NIGHT, orders: 1 }),
  },
  'no-channel-probe': {
    defect:
      'the probe time of every lane grows to five minutes, and so does the delay of the first answer after an outage',
    policies: { isChannelProbeDue: () => false },
    detect: detectLeftBehind({ ...FAR_LANES, ms: NIGHT, orderLanes: 'one' }),
  },
  'channel-probe-without-delay': {
    defect: 'a silent channel is probed all the time',
    policies: { isChannelProbeDue: () => true },
    detect: detectLeftBehind({ ...FAR_LANES, ms: 40 * MINUTE, orderLanes: 'one' }),
  },
  'silent-lanes-wait': {
    defect: 'after an outage each lane waits for its own probe time, although another lane was answered',
    policies: { endsSilence: () => false },
    detect: detectLeftBehind({ ...FAR_LANES, ms: 40 * MINUTE }),
  },
  'retransmits-in-batches': {
    defect: 'a poison order takes the others of its message with it at every retransmission, for ever',
    policies: { sendsAlone: () => false },
    detect: heldUpByPoison,
  },
  'waits-for-ever': {
    defect: 'commands wait for a full message for ever while others are unanswered, and these are never answered',
    settings: { fillMs: HOUR },
    detect: heldUpByPoison,
  },
  'parked-in-batches': {
    defect: 'parked orders are retried in messages with parked poison orders, each time',
    policies: { sendsAlone: ({ cause }) => cause !== 'first' },
    detect: heldUpByParked,
  },
  'lost-with-its-batch': {
    defect: 'an order counts as answered when another order of its message was, and is never sent again',
    policies: { isLost: lostWithItsBatch() },
    detect: lostFromBatch,
  },
  'parked-for-an-hour': {
    defect: 'orders that were parked because most messages were lost wait for an hour when no message is lost any more',
    policies: { parkedRetryMs: (_, { parkedRetryMs }) => parkedRetryMs },
    async detect(variant) {
      const { last } = await recoveryFrom(
        { ...FAR_LANES, sharedEvidence: true, ms: 20 * MINUTE, dropRate: 0.97, orders: 400 },
        variant,
      );
      return last > 3 * MINUTE ? `the last order was answered after ${last} ms` : undefined;
    },
  },
};
