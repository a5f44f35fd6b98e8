import { setTimeout as delay } from 'node:timers/promises';
import { runDetached } from '@standing-order/service-kit/telemetry';
import { startSending } from '../messages/send-spans.ts';
import { dialectOf } from '../store/dialects.ts';
import { createStore } from '../store/store.ts';
import {
  type Invocation,
  type InvocationResponse,
  type Publication,
  type Sidecar,
  SidecarError,
  type SidecarMetadata,
  type SidecarOptions,
} from '../types.ts';
import { chunksOf } from './body-chunks.ts';
import { createClient, type SidecarClient } from './http-client.ts';
import { isOk, parseJson, publishOutcomes, sidecarMetadata } from './responses.ts';

const READY_POLL_MS = 200;
const READY_PROBE_DEADLINE_MS = 1_000;

/** The sidecar of this process. Opens no connection before the first request. */
export function createSidecar(options: SidecarOptions): Sidecar {
  const client = createClient(options);
  // A pool of its own: a called service that hangs must not use up the connections to the state store.
  const invocationClient = createClient(options);
  const readMetadata = async (): Promise<SidecarMetadata> =>
    sidecarMetadata(await client.send({ operation: 'metadata', method: 'GET', path: '/v1.0/metadata' }));

  return {
    store: async (name) => createStore(client, name, dialectOf(name, (await readMetadata()).components)),
    components: async () => (await readMetadata()).components,
    async publish(pubsub, topic, publications) {
      const { messages, end } = startSending(topic, publications);
      // One request carries the messages of many traces.
      const accepted = await runDetached(() => publish(client, pubsub, topic, messages));
      end(accepted);
      return accepted;
    },
    invoke: (invocation) => invoke(invocationClient, invocation),
    waitReady: (deadlineMs, signal) => waitReady(client, deadlineMs, signal),
    async close() {
      await Promise.all([client.close(), invocationClient.close()]);
    },
  };
}

/** An entry of a bulk publish. Its id is its index in the whole batch, which is unique and needs no map. */
function entryJson({ event, partitionKey }: Publication, entryId: number): string {
  return JSON.stringify({
    entryId: String(entryId),
    contentType: 'application/cloudevents+json',
    event,
    ...(partitionKey === undefined ? undefined : { metadata: { partitionKey } }),
  });
}

async function publish(
  client: SidecarClient,
  pubsub: string,
  topic: string,
  messages: readonly Publication[],
): Promise<boolean[]> {
  const path = `/v1.0/publish/bulk/${encodeURIComponent(pubsub)}/${encodeURIComponent(topic)}`;
  const outcomes: boolean[] = [];
  let first = 0;
  for (const chunk of chunksOf(messages, (message, index) => entryJson(message, index))) {
    const count = chunk.items.length;
    const response = chunk.tooLarge
      ? undefined
      : await client.send({ operation: 'publish', method: 'POST', path, body: chunk.body }).catch(() => undefined);
    outcomes.push(...(response ? publishOutcomes(response, first, count) : Array<boolean>(count).fill(false)));
    first += count;
  }
  return outcomes;
}

async function invoke(
  client: SidecarClient,
  { app, method, body, deadlineMs }: Invocation,
): Promise<InvocationResponse> {
  const path = `/v1.0/invoke/${encodeURIComponent(app)}/method/${method}`;
  const json = JSON.stringify(body);
  const response = await client.send({ operation: `invoke ${app}`, method: 'POST', path, body: json, deadlineMs });
  return { status: response.status, body: parseJson(response) };
}

async function waitReady(client: SidecarClient, deadlineMs: number, signal?: AbortSignal): Promise<void> {
  const probe = {
    operation: 'ready',
    method: 'GET',
    path: '/v1.0/healthz/outbound',
    deadlineMs: READY_PROBE_DEADLINE_MS,
  } as const;
  const deadline = AbortSignal.timeout(deadlineMs);
  const until = signal ? AbortSignal.any([deadline, signal]) : deadline;
  for (;;) {
    const response = await client.send({ ...probe, signal: until }).catch(() => undefined);
    if (response && isOk(response)) return;
    if (until.aborted) throw new SidecarError(`the sidecar was not ready within ${deadlineMs} ms`, response?.status);
    await delay(READY_POLL_MS, undefined, { signal: until }).catch(() => undefined);
  }
}
