import { type ChangesResponse, changesResponse } from '@standing-order/contracts';
import type { Sidecar } from '@standing-order/dapr';
import type { Clock } from '@standing-order/service-kit/runtime';
import { logger, runDetached, warnRateLimited } from '@standing-order/service-kit/telemetry';
import type { z } from 'zod';
import type { Replica } from './replica.ts';

export interface PullParts<E> {
  readonly sidecar: Pick<Sidecar, 'invoke'>;
  readonly clock: Pick<Clock, 'monotonic' | 'setTimer'>;
  /** App-id of the owner. */
  readonly owner: string;
  readonly entity: z.ZodType<E>;
  readonly replica: Pick<Replica<E>, 'take' | 'cursors'>;
}

export interface Puller {
  start(): void;
  stop(): void;
  /** When the last pull was sent that was answered completely; undefined before the first one. */
  provenAt(): number | undefined;
}

const EVERY_MS = 2_000;
const DEADLINE_MS = 2_000;

/**
 * Asks an owner every 2 s what is new, and on at once as long as there is more. What was proven is the moment at which the
 * last question of such a row was *sent*: its answer held everything that the owner had acknowledged before.
 */
export function createPuller<E>({ sidecar, clock, owner, entity, replica }: PullParts<E>): Puller {
  // The entities' schema gives them their type, which zod cannot see through a function of it.
  const answerSchema = changesResponse(entity) as unknown as z.ZodType<ChangesResponse<E>>;
  let provenAt: number | undefined;
  let stopped = true;
  let cancel = () => {};

  async function ask(): Promise<ChangesResponse<E>> {
    const body = { since: replica.cursors() };
    const answer = await sidecar.invoke({ app: owner, method: 'changes', body, deadlineMs: DEADLINE_MS });
    if (answer.status !== 200) throw new Error(`${owner} answered ${answer.status}`);
    return answerSchema.parse(answer.body);
  }

  async function pull(): Promise<void> {
    while (!stopped) {
      const sentAt = clock.monotonic();
      const answer = await ask();
      if (answer.reset) {
        provenAt = undefined;
        logger.warn({ owner }, 'the owner is behind its replica, which starts from nothing');
      }
      replica.take(answer);
      if (answer.complete) {
        provenAt = sentAt;
        return;
      }
    }
  }

  function next(): void {
    if (stopped) return;
    cancel = clock.setTimer(EVERY_MS, run);
  }

  function run(): void {
    runDetached(pull)
      .catch((error: unknown) => warnRateLimited(`pull ${owner}`, { owner, err: error }, 'a pull failed'))
      .finally(next);
  }

  return {
    start() {
      stopped = false;
      run();
    },
    stop() {
      stopped = true;
      cancel();
    },
    provenAt: () => provenAt,
  };
}
