import type { BrokerSettings } from '@standing-order/outbox';
import type { Sidecar } from '@standing-order/platform/dapr';
import { logger } from '@standing-order/platform/telemetry';

const known: Readonly<Record<string, BrokerSettings>> = {
  'pubsub.kafka': { reorderMs: 1_000 },
  'pubsub.redis': { sharedEvidence: true },
};

/**
 * How the outbox has to be set for the broker behind the pub/sub component. Kafka keeps the order within a lane, so that what is
 * overtaken there is lost much sooner than elsewhere. Redis has one stream for all lanes, whose messages go to any replica: if
 * one of them answers nothing, its share of every lane is lost, and any lane tells. Never rejects.
 */
export async function brokerSettings(sidecar: Pick<Sidecar, 'metadata'>, pubsub: string): Promise<BrokerSettings> {
  try {
    const { components } = await sidecar.metadata();
    const type = components.find(({ name }) => name === pubsub)?.type;
    logger.info({ pubsub, type }, 'the broker');
    return known[type ?? ''] ?? {};
  } catch (error) {
    logger.warn({ err: error, pubsub }, 'the broker is not known');
    return {};
  }
}
