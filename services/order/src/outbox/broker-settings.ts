import type { Settings } from '@standing-order/outbox';

/** The brokers that the platform is made for. */
export const brokers = ['redis', 'kafka'] as const;

const settings: Readonly<Record<(typeof brokers)[number], Partial<Settings>>> = {
  kafka: { reorderMs: 1_000 },
  redis: { sharedEvidence: true },
};

/**
 * How the outbox has to be set for a broker. Kafka keeps the order within a lane, so that what is overtaken there is lost much
 * sooner than elsewhere. Redis has one stream for all lanes, whose messages go to any replica: if one of them answers nothing,
 * its share of every lane is lost, and any lane tells. A sidecar could be asked what it has, but only while the broker is there.
 */
export const brokerSettings = (broker: (typeof brokers)[number] | undefined): Partial<Settings> =>
  broker ? settings[broker] : {};
