import type { Settings } from '@standing-order/outbox';

/** The message brokers that the platform supports. */
export const BROKERS = ['redis', 'kafka'] as const;

export type Broker = (typeof BROKERS)[number];

const SETTINGS: Readonly<Record<Broker, Partial<Settings>>> = {
  kafka: { reorderMs: 1_000, fillMs: 200, holdMs: 200, answerHeld: true, replyWrites: 2, joinWrites: true },
  redis: { reorderMs: 1_000, sharedEvidence: true, holdMs: 20 },
};

/**
 * The settings of the outbox for a broker.
 *
 * - Kafka keeps the order within a lane. An overtaken message is therefore counted as lost sooner than with an unknown broker.
 *   On Redis the window begins at 1 s as well, and grows if replies arrive out of order (ADR 0102).
 * - Redis has one stream for all lanes, and any replica receives its messages. A replica that does not reply loses its
 *   share of every lane, so a reply on any lane is evidence for all lanes.
 * - The first verdict of an order waits for the second, and shares its write. Redis delivers the second beside the first.
 *   Kafka delivers it only when the first is answered, which therefore happens before the write (ADR 0107).
 * - On Kafka each delivery waits for a write of its replies. Two writes are in progress at a time, and each takes the replies
 *   that have arrived when it starts (ADR 0111).
 * - Kafka delivers one message of a partition at a time, so that small messages limit the rate. Commands therefore wait for up to
 *   200 ms to fill a message, while earlier ones of their partition are unanswered (ADR 0106).
 *
 * The broker is configured, not detected: a sidecar could only report it while the broker is up.
 */
export const brokerSettings = (broker: Broker | undefined): Partial<Settings> => (broker ? SETTINGS[broker] : {});
