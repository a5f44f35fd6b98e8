/** Where Dapr's outbox publishes the orders that it has stored. */
export const OUTBOX_TOPIC = 'order-outbox';
