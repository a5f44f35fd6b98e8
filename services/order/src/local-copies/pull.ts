import { type ChangesResponse, changesResponse } from '@standing-order/contracts';
import type { Sidecar } from '@standing-order/dapr';
import type { Clock } from '@standing-order/service-kit/runtime';
import { logger, runDetached, warnRateLimited } from '@standing-order/service-kit/telemetry';
import type { z } from 'zod';
import type { LocalCopy } from './local-copy.ts';

export interface PullParts<E> {
  readonly sidecar: Pick<Sidecar, 'invoke'>;
  readonly clock: Pick<Clock, 'monotonic' | 'setTimer'>;
  /** App-id of the owner. */
  readonly owner: string;
  readonly entity: z.ZodType<E>;
  readonly localCopy: Pick<LocalCopy<E>, 'applyPull' | 'cursors'>;
}

export interface Puller {
  start(): void;
  stop(): void;
  /** The time at which the last complete pull was sent; undefined before the first one. */
  completeAt(): number | undefined;
}

const INTERVAL_MS = 2_000;
const DEADLINE_MS = 2_000;

/**
 * Requests an owner's changes every 2 s, and again at once while the owner has more. A pull is complete when a response has
 * all remaining changes. Freshness is measured from when the last request of a complete pull was *sent*, not answered: its
 * response has every change that the owner had acknowledged before.
 */
export function createPuller<E>({ sidecar, clock, owner, entity, localCopy }: PullParts<E>): Puller {
  // The type of the entities comes from their schema; zod cannot infer it through a function of the schema.
  const responseSchema = changesResponse(entity) as unknown as z.ZodType<ChangesResponse<E>>;
  let completeAt: number | undefined;
  let stopped = true;
  let cancel = () => {};

  async function requestChanges(): Promise<ChangesResponse<E>> {
    const body = { since: localCopy.cursors() };
    const { status, body: changes } = await sidecar.invoke({
      app: owner,
      method: 'changes',
      body,
      deadlineMs: DEADLINE_MS,
    });
    if (status !== 200) throw new Error(`${owner} responded with status ${status}`);
    return responseSchema.parse(changes);
  }

  async function pull(): Promise<void> {
    while (!stopped) {
      const sentAt = clock.monotonic();
      const changes = await requestChanges();
      if (changes.reset) {
        completeAt = undefined;
        logger.warn({ owner }, 'the owner has an older state than the local copy; loading the copy anew');
      }
      localCopy.applyPull(changes);
      if (changes.complete) {
        completeAt = sentAt;
        return;
      }
    }
  }

  function schedule(): void {
    if (stopped) return;
    cancel = clock.setTimer(INTERVAL_MS, run);
  }

  function run(): void {
    runDetached(pull)
      .catch((error: unknown) => warnRateLimited(`pull ${owner}`, { owner, err: error }, 'pull failed'))
      .finally(schedule);
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
    completeAt: () => completeAt,
  };
}
