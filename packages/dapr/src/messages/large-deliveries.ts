import { UnavailableError } from '@standing-order/service-kit/http';
import { createSlots, runInSlot } from '@standing-order/service-kit/runtime';

/** Size above which a delivery counts as large. The largest message of the platform has about 32 KiB. */
const LARGE_BYTES = 64 * 1024;
/** Maximum number of large deliveries of all topics that are handled at the same time. */
export const MAX_LARGE = 4;
/** Further ones are refused, and delivered again. */
const MAX_WAITING = 256;

const slots = createSlots(MAX_LARGE, MAX_WAITING);

/**
 * Handles a delivery of this size: at once, or, if it is large, when fewer than `MAX_LARGE` others are handled. Its body is not read
 * before. A sidecar delivers dozens of messages at a time, and a message in work needs several times its size: as text, as objects,
 * and as a dead letter (ADR 0108).
 */
export async function handleInTurn<T>(bytes: number, handle: () => Promise<T>): Promise<T> {
  if (bytes <= LARGE_BYTES) return handle();
  const handled = runInSlot(slots, handle);
  if (handled === undefined) throw new UnavailableError('too many large deliveries wait');
  return handled;
}
