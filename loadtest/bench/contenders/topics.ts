/** The topic to which Dapr's outbox publishes the stored orders. */
export const OUTBOX_TOPIC = 'order-outbox';
