import { MINUTE, SECOND } from '../src/util/time.ts';
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
};
