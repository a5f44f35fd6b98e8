import { setTimeout as delay } from 'node:timers/promises';
import { runDetached } from '@standing-order/service-kit/telemetry';
import { startSending } from '../messages/send-spans.ts';
import { dialectOf } from '../store/dialects.ts';
import { createStore } from '../store/store.ts';
import { type Sidecar, SidecarError, type SidecarMetadata, type SidecarOptions } from '../types.ts';
import { type CallLimits, createClient, type SidecarClient } from './client.ts';
import { createInvoker } from './invocation.ts';
import { sidecarMetadata } from './outcomes.ts';
import { publish } from './publishing.ts';

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
