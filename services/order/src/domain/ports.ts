import type { Outbox } from '@standing-order/outbox';
import type { OrderInput } from './decide.ts';
import type { Order } from './order.ts';

/** The outbox of this service. Its documents are orders; its inputs are verdicts, deadlines and confirmations. */
export type OrderOutbox = Outbox<Order, OrderInput>;

/** An input and the id of its order. */
export type OrderReply = Parameters<OrderOutbox['record']>[0][number];

// The parts of the outbox that the other folders use, each by its name.
export type OrderStore = Pick<OrderOutbox, 'store'>;
export type OrderReader = Pick<OrderOutbox, 'read'>;
export type OrderBatchReader = Pick<OrderOutbox, 'readAll'>;
export type OrderWatcher = Pick<OrderOutbox, 'watch'>;
export type ReplyRecorder = Pick<OrderOutbox, 'record'>;
export type WaitingOrders = Pick<OrderOutbox, 'parked' | 'waiting' | 'retry'>;
