import type { Settings } from '@standing-order/outbox';
import type { Sidecar } from '@standing-order/platform/dapr';
import { logger } from '@standing-order/platform/telemetry';

/**
 * How the outbox has to be set for the broker behind the pub/sub component. On Redis the messages that a dead replica had
 * fetched come back only after a minute, while later ones are answered at once: that is the default, also where the broker
 * is not known. Kafka keeps the order within a lane, so that what is overtaken there is lost much sooner. Never rejects.
 */
export async function brokerSettings(
  sidecar: Pick<Sidecar, 'metadata'>,
  pubsub: string,
): Promise<Partial<Pick<Settings, 'reorderMs'>>> {
  try {
    const { components } = await sidecar.metadata();
    const type = components.find(({ name }) => name === pubsub)?.type;
    logger.info({ pubsub, type }, 'the broker');
    return type === 'pubsub.kafka' ? { reorderMs: 1_000 } : {};
  } catch (error) {
    logger.warn({ err: error, pubsub }, 'the broker is not known');
    return {};
  }
}
