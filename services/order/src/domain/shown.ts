import { hash } from 'node:crypto';
import type { Order } from './order.ts';
import { viewOf } from './view.ts';

/** The order as clients see it: the text, and a name for exactly this text that every replica finds. */
export function shown(order: Order): { readonly body: string; readonly version: string } {
  const body = JSON.stringify(viewOf(order));
  return { body, version: hash('sha256', body, 'base64url').slice(0, 22) };
}

/** What a version looks like. */
export const VERSION = /^[\w-]{22}$/;
