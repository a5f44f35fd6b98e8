import { laneOf } from '@standing-order/outbox';

/** Number of lanes of orders. Part of the contract: senders and receivers of an order's messages derive the same lane. */
export const ORDER_LANES = 64;

/** The lane of an order, 0 to `ORDER_LANES` - 1. */
export const orderLane = (orderId: string): number => laneOf(orderId, ORDER_LANES);

/** The partition key of every message about an order, which keeps these messages in sequence on brokers with partitions. */
export const orderPartitionKey = (orderId: string): string => String(orderLane(orderId));
