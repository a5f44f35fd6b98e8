import { HTTP_STYLES } from '@standing-order/contracts';
import { serviceConfig, wholeNumber } from '@standing-order/service-kit/config';
import { z } from 'zod';
import { brokers } from './outbox/broker-settings.ts';

/** What the order service reads from its environment, beside what every service does. */
export const orderConfig = serviceConfig.extend({
  /** What is behind PUBSUB; without it, the outbox takes it for one of which nothing is known. */
  BROKER: z.enum(brokers).optional(),
  /** How POST /orders works when the request says nothing. */
  ORDER_STYLE: z.enum(HTTP_STYLES).default('respond-first'),
  /** Whether a request may pick a style by its header Order-Style. For labs. */
  STYLE_OVERRIDE: z.enum(['refused', 'allowed']).default('refused'),
  /** How stale what is known of consumers and restaurants may be for orders to be decided on it; 0: never decided on it. */
  REPLICA_STALENESS_MS: wholeNumber(0, 3_600_000).default(5_000),
  /** Whether the notification service is told of every order that is settled. An order keeps what held when it was taken. */
  NOTIFICATIONS: z.enum(['on', 'off']).default('off'),
  /** Whether each order is put into a list of its consumer's, for clients. An order keeps what held when it was taken. */
  CONSUMER_ORDERS: z.enum(['on', 'off']).default('on'),
  /** How long an order may stay undecided; without it, for ever. */
  ORDER_DEADLINE_SECONDS: wholeNumber(1, 31_536_000).optional(),
  /** How long a request waits for the state store. */
  ACCEPT_DEADLINE_MS: wholeNumber(100, 60_000).default(10_000),
  /** Undecided orders in the care of one replica, above which it takes no more. A full Redis takes nothing at all. */
  MAX_OPEN_ORDERS: wholeNumber(1, 10_000_000).default(500_000),
});
