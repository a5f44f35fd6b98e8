import { HTTP_STYLES } from '@standing-order/contracts';
import { secretKeys, serviceConfig, wholeNumber } from '@standing-order/service-kit/config';
import { z } from 'zod';
import { BROKERS } from './outbox/broker-settings.ts';
import { KEY_LENGTH } from './outbox/token-signature.ts';

/** The environment variables of the order service, in addition to those of every service. */
export const orderConfig = serviceConfig.extend({
  /** The broker behind PUBSUB. Without it the outbox uses settings that are safe for any broker. */
  BROKER: z.enum(BROKERS).optional(),
  /** The style of POST /orders for a request without the header Order-Style. */
  ORDER_STYLE: z.enum(HTTP_STYLES).default('respond-first'),
  /** Whether a request may choose a style by the header Order-Style. For test environments. */
  STYLE_OVERRIDE: z.enum(['refused', 'allowed']).default('refused'),
  /** Maximum age of the local copies that the replication style decides on. 0 disables decisions on local copies. */
  REPLICA_STALENESS_MS: wholeNumber(0, 3_600_000).default(5_000),
  /** Whether the notification service is sent every decided order. An order keeps the setting that it was stored with. */
  NOTIFICATIONS: z.enum(['on', 'off']).default('off'),
  /** Whether each order is put into the list of its consumer's orders. An order keeps the setting that it was stored with. */
  CONSUMER_ORDERS: z.enum(['on', 'off']).default('on'),
  /** Time after which an undecided order expires. Without it orders never expire. */
  ORDER_DEADLINE_SECONDS: wholeNumber(1, 31_536_000).optional(),
  /** Maximum time that a request waits for the state store. */
  ACCEPT_DEADLINE_MS: wholeNumber(100, 60_000).default(10_000),
  /** Maximum number of open orders of a replica; further requests get 503. It protects Redis, which fails all writes when full. */
  MAX_OPEN_ORDERS: wholeNumber(1, 10_000_000).default(500_000),
  /** Keys that sign the tokens of commands, the same for all replicas: the first key signs, each key verifies. */
  ORDER_TOKEN_KEYS: secretKeys(KEY_LENGTH).refine((keys) => keys.length > 0, 'must have at least one key'),
  /** `off` also accepts replies with unsigned tokens. For the upgrade from a version that does not sign (docs/adr/0074). */
  ORDER_TOKEN_REQUIRED: z.enum(['on', 'off']).default('on'),
});
