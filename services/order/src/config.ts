import { clientName, HTTP_STYLES, MAX_BATCH_ENTRIES } from '@standing-order/contracts';
import { secretKeys, serviceConfig, wholeNumber } from '@standing-order/service-kit/config';
import { z } from 'zod';
import { BROKERS } from './outbox/broker-settings.ts';
import { KEY_LENGTH } from './outbox/token-signature.ts';

/** Seconds per unit of a duration. */
const UNITS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
type Unit = keyof typeof UNITS;
const MAX_RETENTION_DAYS = 3_650;

/** A duration such as `30d`, in seconds; 0 for `off` or 0, which mean for ever. */
const retention = z
  .string()
  .regex(/^(off|0|\d{1,9}[smhd])$/, 'must be a number with the unit d, h, m or s, such as 30d, or off')
  .transform((text) => (/^\d+[smhd]$/.test(text) ? Number.parseInt(text, 10) * UNITS[text.at(-1) as Unit] : 0))
  .refine((seconds) => seconds <= MAX_RETENTION_DAYS * UNITS.d, `must be at most ${MAX_RETENTION_DAYS}d`);

/**
 * Below it, an order may expire while a replica that was paused, or a write that Dapr applies late, still refers to it. On
 * Redis such a write restores the order.
 */
export const SAFE_RETENTION_SECONDS = 3 * UNITS.d;

/** Names of message clients, separated by commas, or `none`. Undefined without one: any name. */
const messageClients = z
  .string()
  .default('')
  .transform((text, issues) => {
    if (text.trim() === 'none') return new Set<string>();
    const names = text.split(',').flatMap((name) => name.trim() || []);
    if (names.every((name) => clientName.safeParse(name).success)) return names.length > 0 ? new Set(names) : undefined;
    issues.addIssue('must be names of message clients separated by commas, for example shop,kiosk');
    return z.NEVER;
  });

/** The environment variables of the order service, in addition to those of every service. */
export const orderConfig = serviceConfig.extend({
  /** The broker behind PUBSUB. Without it the outbox uses settings that are safe for any broker. */
  BROKER: z.enum(BROKERS).optional(),
  /** Partitions of each topic, if the broker is Kafka. A wrong number costs fuller batch messages, and nothing else. */
  BROKER_PARTITIONS: wholeNumber(1, 1_000).default(8),
  /** Maximum number of commands in one batch message. 1: each command is a message of its own. */
  BATCH_ENTRIES: wholeNumber(1, MAX_BATCH_ENTRIES).default(MAX_BATCH_ENTRIES),
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
  /** Time for which a decided order is kept once all its messages are confirmed. `off` or 0: for ever. */
  ORDER_RETENTION: retention.default(30 * UNITS.d),
  /** Name of this installation. The state store must hold its orders, and gets the name when it has none. Without it: any store. */
  STATE_STORE_OWNER: z.string().max(253).optional(),
  /** Whether the service starts with a state store that holds no orders yet (ADR 0087). */
  STATE_STORE_MAY_BE_EMPTY: z.enum(['on', 'off']).default('on'),
  /** Maximum time that a request waits for the state store. */
  ACCEPT_DEADLINE_MS: wholeNumber(100, 60_000).default(10_000),
  /** Maximum number of open orders of a replica; further requests get 503. It protects Redis, which fails all writes when full. */
  MAX_OPEN_ORDERS: wholeNumber(1, 10_000_000).default(500_000),
  /** Maximum number of open event streams of one caller at a replica; further ones get 503. A replica has at most 1,000. */
  MAX_STREAMS_PER_CALLER: wholeNumber(1, 1_000).default(10),
  /** Maximum number of requests of one caller that wait at a replica; further ones are answered at once. At most 1,000 wait. */
  MAX_WAITS_PER_CALLER: wholeNumber(1, 1_000).default(50),
  /** The message clients that may order. Without it a client could create a reply channel, a topic of the broker, for any name. */
  MESSAGE_CLIENTS: messageClients,
  /** Keys that sign the tokens of commands, the same for all replicas: the first key signs, each key verifies. */
  ORDER_TOKEN_KEYS: secretKeys(KEY_LENGTH).refine((keys) => keys.length > 0, 'must have at least one key'),
  /** `off` also accepts replies with unsigned tokens. For the upgrade from a version that does not sign (ADR 0074). */
  ORDER_TOKEN_REQUIRED: z.enum(['on', 'off']).default('on'),
});
