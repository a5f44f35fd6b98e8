import { type BrokerKind, findPortBase, type Platform, type Resource } from '@standing-order/local';
import { connectRedis } from '../support/redis.ts';
import { sidecarReady, startSidecar } from '../support/sidecar.ts';

/** Publishes bytes as they are, past every check of a sender. */
export interface Publisher {
  publish(topic: string, message: Buffer): Promise<void>;
  close(): Promise<void>;
}

/** An application that the component `messages` is scoped to. */
const APP_ID = 'shop';

const PUBLISH_DEADLINE_MS = 20_000;

/** The resources with a component `messages` that lets every application publish to every topic: for the sidecar of a publisher. */
export function withoutPublishingScopes(resource: Resource): Resource {
  if (resource.metadata.name !== 'messages') return resource;
  const settings = resource.spec.metadata as readonly { readonly name: string }[];
  const metadata = settings.filter(({ name }) => !['protectedTopics', 'publishingScopes'].includes(name));
  return { ...resource, spec: { ...resource.spec, metadata } };
}

/** Publishes to the Redis itself, or, for Kafka, through a sidecar of its own. The platform has `withoutPublishingScopes`. */
export async function startPublisher(platform: Platform, broker: BrokerKind): Promise<Publisher> {
  return broker === 'redis' ? redisPublisher(platform) : sidecarPublisher(platform);
}

async function redisPublisher({ stores }: Platform): Promise<Publisher> {
  const redis = await connectRedis(stores.broker);
  return {
    publish: async (topic, data) => void (await redis.xAdd(topic, '*', { data })),
    close: async () => redis.destroy(),
  };
}

async function sidecarPublisher(platform: Platform): Promise<Publisher> {
  const sidecar = await startSidecar(platform, { appId: APP_ID, ports: await findPortBase() });
  await sidecarReady(sidecar);
  return {
    async publish(topic, body) {
      const url = `${sidecar.url}/v1.0/publish/messages/${topic}?metadata.rawPayload=true`;
      const headers = { 'content-type': 'application/octet-stream' };
      const signal = AbortSignal.timeout(PUBLISH_DEADLINE_MS);
      const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body), signal });
      if (!response.ok) throw new Error(`POST ${url}: unexpected status ${response.status}: ${await response.text()}`);
    },
    close: () => sidecar.child.stop(),
  };
}
