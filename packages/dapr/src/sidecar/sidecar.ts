import { setTimeout as delay } from 'node:timers/promises';
import { runDetached } from '@standing-order/service-kit/telemetry';
import { startSending } from '../messages/send-spans.ts';
import { dialectOf } from '../store/dialects.ts';
import { createStore } from '../store/store.ts';
import { type Publication, type Sidecar, SidecarError, type SidecarMetadata, type SidecarOptions } from '../types.ts';
import { chunksOf } from './chunks.ts';
import { type CallLimits, createClient, type SidecarClient } from './client.ts';
import { createInvoker } from './invocation.ts';
import { publishOutcomes, sidecarMetadata } from './outcomes.ts';

const READY_POLL_MS = 200;
const READY_PROBE_DEADLINE_MS = 1_000;

/** The sidecar of this process. Opens no connection before the first request. */
export function createSidecar(options: SidecarOptions): Sidecar {
  const client = createClient(options);
  const invoker = createInvoker(options);

  return {
    store: async (name) =>
      createStore(client, name, dialectOf(name, (await readMetadata(client, 'metadata')).components)),
    components: async () => (await readMetadata(client, 'metadata')).components,
    async publish(pubsub, topic, publications) {
      const { messages, end } = startSending(topic, publications);
      // One request carries the messages of many traces.
      const accepted = await runDetached(() => publish(client, pubsub, topic, messages));
      end(accepted);
      return accepted;
    },
    invoke: invoker.invoke,
    waitReady: (deadlineMs, signal) => waitReady(client, deadlineMs, signal),
    async close() {
      await Promise.all([client.close(), invoker.close()]);
    },
  };
}

/** A sidecar answers on this API when its components are loaded. */
const readMetadata = async (client: SidecarClient, operation: string, limits?: CallLimits): Promise<SidecarMetadata> =>
  sidecarMetadata(await client.send(operation, (dapr, options) => dapr.getMetadata({}, options), limits));

/** An entry of a bulk publish. Its id is its index in the whole batch, which is unique and needs no map. */
const entryOf = ({ event, partitionKey }: Publication, entryId: number) => ({
  entryId: String(entryId),
  contentType: 'application/cloudevents+json',
  event: Buffer.from(JSON.stringify(event)),
  metadata: partitionKey === undefined ? {} : { partitionKey },
});

/** The sidecar publishes these bytes as they are. Otherwise it would parse each event and write it again. */
const AS_IT_IS = { rawPayload: 'true' };

/** When some entries of a request failed, Dapr returns an error without their ids: then none of the request counts as accepted. */
async function publish(
  client: SidecarClient,
  pubsubName: string,
  topic: string,
  messages: readonly Publication[],
): Promise<boolean[]> {
  const outcomes: boolean[] = [];
  for (const { items, tooLarge } of chunksOf(messages.map(entryOf), ({ event }) => event.length)) {
    const request = { pubsubName, topic, entries: [...items], metadata: AS_IT_IS };
    const response = tooLarge
      ? undefined
      : await client
          .send('publish', (dapr, options) => dapr.bulkPublishEventAlpha1(request, options))
          .catch(() => undefined);
    const count = items.length;
    outcomes.push(
      ...(response ? publishOutcomes(response, outcomes.length, count) : Array<boolean>(count).fill(false)),
    );
  }
  return outcomes;
}

async function waitReady(client: SidecarClient, deadlineMs: number, signal?: AbortSignal): Promise<void> {
  const deadline = AbortSignal.timeout(deadlineMs);
  const until = signal ? AbortSignal.any([deadline, signal]) : deadline;
  const probe = { deadlineMs: READY_PROBE_DEADLINE_MS, signal: until };
  for (;;) {
    if (await readMetadata(client, 'ready', probe).catch(() => undefined)) return;
    if (until.aborted) throw new SidecarError(`the sidecar was not ready within ${deadlineMs} ms`);
    await delay(READY_POLL_MS, undefined, { signal: until }).catch(() => undefined);
  }
}
