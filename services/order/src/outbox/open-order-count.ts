import type { OutboxStats } from '@standing-order/outbox';
import type { Clock } from '@standing-order/service-kit/runtime';

/**
 * How long the number under the former writer name counts: longer than a takeover, and longer than the 10 minutes of a second
 * outage after which the name changes again.
 */
const FORMER_COUNTS_MS = 15 * 60_000;

/**
 * Returns a function that counts the open orders of this replica for its reserve.
 *
 * When the store was unreachable for 10 minutes, the outbox continues under a new writer name, and its own count starts at 0. The
 * orders of the former name are still open. They are counted again when a replica has taken them over. Until then the former
 * number counts, if it is larger.
 */
export function createOpenOrderCount(
  stats: () => Pick<OutboxStats, 'writer' | 'open'>,
  clock: Pick<Clock, 'monotonic'>,
): () => number {
  let name: string | undefined;
  let counted = 0;
  let former = 0;
  let formerUntil = Number.NEGATIVE_INFINITY;

  return () => {
    const { writer, open } = stats();
    if (writer === undefined) return counted;
    const now = clock.monotonic();
    if (name !== undefined && name !== writer) {
      former = counted;
      formerUntil = now + FORMER_COUNTS_MS;
    }
    name = writer;
    counted = now < formerUntil ? Math.max(open, former) : open;
    return counted;
  };
}
