import { hash } from 'node:crypto';
import type { Order } from './order.ts';
import { viewOf } from './view.ts';

/** The representation of an order for clients. */
export interface Representation {
  /** JSON text. */
  readonly body: string;
  /** Identifies the text: a hash, so that every replica computes the same version. */
  readonly version: string;
}

/** Builds the response body of an order, and its version. */
export function represent(order: Order): Representation {
  const body = JSON.stringify(viewOf(order));
  return { body, version: hash('sha256', body, 'base64url').slice(0, 22) };
}

/** The form of a version, as a client sends it in `Last-Event-ID`. */
export const VERSION_PATTERN = /^[\w-]{22}$/;
