import { call, message, rpc, type Tree } from '../support/tree.ts';

/** The messages of an order, by topic. */
export const question = (validator: 'consumer' | 'restaurant'): Tree =>
  message('order', `${validator}-commands`, validator, message(validator, 'order-replies', 'order'));
/** An outcome is sent until its receiver has confirmed it; then the order is complete. */
export const TOLD = message(
  'order',
  'order-settled',
  'notification',
  message('notification', 'order-replies', 'order'),
);
export const OUTCOME = message('order', 'order-outcomes-shop', 'shop', message('shop', 'order-confirmations', 'order'));

const directQuestion = (validator: 'consumer' | 'restaurant'): Tree =>
  call('order', 'POST', `CallLocal/${validator}/validations`, [
    `${validator} (dapr): CallLocal/${validator}/validations`,
    [`${validator}: POST /validations`, rpc(validator, 'GetBulkState')],
  ]);

const COMMIT: Tree = ['order: commit'];
/** The commit finds the order stored. */
export const ASKED_AGAIN = message('shop', 'order-requests', 'order', COMMIT);
export const SETTLE: Tree = ['order: decide'];
const SETTLED: readonly Tree[] = [SETTLE, TOLD];
const VALIDATED_BY_MESSAGE: readonly Tree[] = [COMMIT, question('consumer'), question('restaurant'), ...SETTLED];

/** The spans of an order that is decided before it is stored, up to that commit. */
export const decidedUpFront = {
  synchronous: ['order: POST /orders', directQuestion('consumer'), directQuestion('restaurant'), COMMIT],
  replication: ['order: POST /orders', COMMIT],
} as const satisfies Record<string, Tree>;

/** The expected trace of an order in each style, without faults. */
export const trees = {
  'respond-first': ['order: POST /orders', ...VALIDATED_BY_MESSAGE],
  synchronous: [...decidedUpFront.synchronous, ...SETTLED],
  replication: [...decidedUpFront.replication, ...SETTLED],
} as const satisfies Record<string, Tree>;

/** The request comes as a message; the order's own spans are below it. */
export const messaging = (...more: readonly Tree[]): Tree => [
  'shop: POST /purchases',
  // A read of the request, a read and a write of the request list, then the write of the request.
  rpc('shop', 'GetState'),
  rpc('shop', 'GetState'),
  rpc('shop', 'SaveState'),
  rpc('shop', 'SaveState'),
  message('shop', 'order-requests', 'order', ...VALIDATED_BY_MESSAGE, OUTCOME, ...more),
];
