import { hash } from 'node:crypto';
import type { OrderRequest } from '@standing-order/contracts';
import { deterministicUuid } from '@standing-order/service-kit/runtime';
import type { ReplyTo } from './order.ts';

const FINGERPRINT_VERSION = 1;

/**
 * Equal for requests with the same meaning. It is computed from the parsed request, so white space and the order of keys
 * have no influence. The version in front allows a new canonical form: stored orders keep the fingerprint of the old one.
 */
export function fingerprint({ consumerId, restaurantId, lines }: OrderRequest): string {
  const canonical = [consumerId, restaurantId, lines.map(({ itemId, quantity }) => [itemId, quantity])];
  return `${FINGERPRINT_VERSION}:${hash('sha256', JSON.stringify(canonical), 'base64url')}`;
}

/**
 * The id of the order that a client places with an Idempotency-Key. The id is derived from client and key, so a retry has
 * the same id on every replica and after any crash. No table of keys is stored.
 */
export function idFromKey(client: string, key: string): string {
  return deterministicUuid('standing-order/order', client, key);
}

/** The id of the order that a client places by message, derived from reply channel and correlation id. */
export function idFromRequest({ client, correlationId }: ReplyTo): string {
  return deterministicUuid('standing-order/order-request', client, correlationId);
}
