import { hash } from 'node:crypto';
import type { OrderRequest } from '@standing-order/contracts';
import { deterministicUuid } from '@standing-order/service-kit/runtime';
import type { ReplyTo } from './order.ts';

const FINGERPRINT_VERSION = 1;

/**
 * Equal for requests that mean the same: taken from the parsed request, so neither white space nor the order of keys
 * matters. The version in front lets the canonical form change without turning old orders into other ones.
 */
export function fingerprint({ consumerId, restaurantId, lines }: OrderRequest): string {
  const canonical = [consumerId, restaurantId, lines.map(({ itemId, quantity }) => [itemId, quantity])];
  return `${FINGERPRINT_VERSION}:${hash('sha256', JSON.stringify(canonical), 'base64url')}`;
}

/**
 * The id of the order that a client makes with an Idempotency-Key: a retry is the same order by identity, on every
 * replica and after any crash, with nothing stored to remember it by.
 */
export function idFromKey(client: string, key: string): string {
  return deterministicUuid('standing-order/order', client, key);
}

/** The id of the order that a client asks for by message, likewise. */
export function idFromRequest({ client, correlationId }: ReplyTo): string {
  return deterministicUuid('standing-order/order-request', client, correlationId);
}
