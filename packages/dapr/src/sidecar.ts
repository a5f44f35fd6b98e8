import { setTimeout as delay } from 'node:timers/promises';
import { runDetached } from '@standing-order/service-kit/telemetry';
import { jsonOf, ok, publishOutcomes, sidecarMetadata } from './answers.ts';
import { chunksOf } from './chunks.ts';
import { createClient, type SidecarClient } from './client.ts';
import { dialectOf } from './dialects.ts';
import { startSending } from './producer.ts';
import { createStore } from './store.ts';
import {
  type Invocation,
  type InvocationResponse,
  type Publication,
  type Sidecar,
  SidecarError,
  type SidecarMetadata,
  type SidecarOptions,
} from './types.ts';

const READY_POLL_MS = 200;

/** The sidecar of this process. Opens no connection before the first call. */
export function createSidecar(options: SidecarOptions): Sidecar {
  const client = createClient(options);
  // Connections of their own: a dependency that hangs must not hold those to the state store.
  const invocations = createClient(options);
  const metadata = async (): Promise<SidecarMetadata> =>
    sidecarMetadata(await client.call({ operation: 'metadata', method: 'GET', path: '/v1.0/metadata' }));

  return {
    store: async (name) => createStore(client, name, dialectOf(name, (await metadata()).components)),
    async publish(pubsub, topic, publications) {
      const { messages, end } = startSending(topic, publications);
      // One call carries the messages of many traces.
      const taken = await runDetached(() => publish(client, pubsub, topic, messages));
      end(taken);
      return taken;
    },
    invoke: (invocation) => invoke(invocations, invocation),
    waitReady: (deadlineMs, signal) => waitReady(client, deadlineMs, signal),
    async close() {
      await Promise.all([client.close(), invocations.close()]);
    },
  };
}

/** The entry's id is its place in the whole batch, so that it stays unique and needs no map. */
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
    const answer = chunk.tooLarge
      ? undefined
      : await client.call({ operation: 'publish', method: 'POST', path, body: chunk.body }).catch(() => undefined);
    outcomes.push(...(answer ? publishOutcomes(answer, first, count) : Array<boolean>(count).fill(false)));
    first += count;
  }
  return outcomes;
}

async function invoke(
  client: SidecarClient,
  { app, method, body, deadlineMs }: Invocation,
): Promise<InvocationResponse> {
  const path = `/v1.0/invoke/${encodeURIComponent(app)}/method/${method}`;
  const content = JSON.stringify(body);
  const answer = await client.call({ operation: `invoke ${app}`, method: 'POST', path, body: content, deadlineMs });
  return { status: answer.status, body: jsonOf(answer) };
}

async function waitReady(client: SidecarClient, deadlineMs: number, signal?: AbortSignal): Promise<void> {
  const probe = { operation: 'ready', method: 'GET', path: '/v1.0/healthz/outbound', deadlineMs: 1_000 } as const;
  const deadline = AbortSignal.timeout(deadlineMs);
  const until = signal ? AbortSignal.any([deadline, signal]) : deadline;
  for (;;) {
    const answer = await client.call({ ...probe, signal: until }).catch(() => undefined);
    if (answer && ok(answer)) return;
    if (until.aborted) throw new SidecarError(`the sidecar was not ready within ${deadlineMs} ms`, answer?.status);
    await delay(READY_POLL_MS, undefined, { signal: until }).catch(() => undefined);
  }
}
