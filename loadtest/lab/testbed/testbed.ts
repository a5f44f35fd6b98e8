import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type BrokerKind, brokerPort, type Platform, startPlatform, statePort } from '@standing-order/local';
import { ManagedProcess } from '@standing-order/local/processes/managed-process';
import type { ProcessSpec } from '@standing-order/local/processes/spec';
import { type ApplicationProxy, startApplicationProxy } from './application-proxy.ts';
import { messageClientSpecs } from './message-client.ts';
import { portBases } from './port-bases.ts';
import { createToxiproxy, type Toxiproxy, toxiproxySpec } from './toxiproxy.ts';

const START_MS = 120_000;
/** Ports of the lab's own processes, from a base of their own. */
const PORTS = { api: 1, state: 2, broker: 3, consumer: 4, client: 20 };

export interface TestbedOptions {
  readonly broker: BrokerKind;
  /** For the logs and data of this run. */
  readonly dataDir: string;
  readonly signal: AbortSignal;
}

/** The platform with two replicas of the order service and one of each other service, proxies that can delay and cut, and a message client. */
export interface Testbed {
  readonly broker: BrokerKind;
  readonly platform: Platform;
  readonly toxiproxy: Toxiproxy;
  readonly consumerProxy: ApplicationProxy;
  /** Ports that the sidecars use for the stores. */
  readonly proxyPorts: { readonly 'state-store': number; readonly broker: number; readonly consumer: number };
  readonly clientUrl: string;
  /** The processes, of the platform and of the lab, that ended by themselves so far. */
  readonly crashes: readonly string[];
  /** Kills every process: after its result, a run needs no data, and an orderly stop takes 10 s. */
  close(): Promise<void>;
}

/** Starts everything, and stops what it has started when a part fails. */
export async function startTestbed({ broker, dataDir, signal }: TestbedOptions): Promise<Testbed> {
  const ends: (() => Promise<unknown>)[] = [];
  const crashes: string[] = [];
  const close = async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  };
  try {
    const { platform: portBase, lab: labBase } = await portBases();
    const [state, brokerProxy, consumer] = [labBase + PORTS.state, labBase + PORTS.broker, labBase + PORTS.consumer];
    const start = async (spec: ProcessSpec) => {
      const managed = new ManagedProcess(spec, dataDir, ({ name, ended }) => crashes.push(`${name} (${ended})`));
      ends.push(() => managed.kill());
      await managed.start(START_MS, signal);
      return managed;
    };

    const platformDir = join(dataDir, 'platform');
    await mkdir(join(dataDir, 'logs'), { recursive: true });
    await start(await toxiproxySpec(labBase + PORTS.api));
    const toxiproxy = createToxiproxy(labBase + PORTS.api);
    await toxiproxy.forward('state-store', state, statePort(portBase));
    await toxiproxy.forward('broker', brokerProxy, brokerPort(portBase));
    const consumerApp = portBase + 100;
    const consumerProxy = await startApplicationProxy(consumer, consumerApp);
    ends.push(() => consumerProxy.close());

    const platform = await startPlatform({
      dataDir: platformDir,
      portBase,
      broker,
      // As `npm start` and the chart: every decision is sent to the notification service.
      replicas: { order: 2, notification: 1 },
      storeProxies: { state, broker: brokerProxy },
      sidecarFlags: { consumer: { 'app-port': String(consumer) } },
      env: { order: { STYLE_OVERRIDE: 'allowed' } },
      signal,
      onProgress: (line) => crashes.push(...(/^\S+ ended by itself \([^)]*\)/.exec(line) ?? [])),
    });
    ends.push(async () => {
      const running = platform.processes().filter(({ pid }) => pid !== undefined);
      await Promise.allSettled(running.map(({ name }) => platform.kill(name)));
      await platform.close();
    });
    const client = await messageClientSpecs({
      platform,
      broker,
      port: labBase + PORTS.client,
      brokerPort: brokerProxy,
    });
    await start(client.store);
    const started = await Promise.all(client.specs.map(start));
    await Promise.all(started.map((managed) => managed.ready(START_MS, signal)));
    return {
      broker,
      platform,
      toxiproxy,
      consumerProxy,
      proxyPorts: { 'state-store': state, broker: brokerProxy, consumer },
      clientUrl: client.url,
      crashes,
      async close() {
        await close();
        await rm(join(platformDir, 'redis-state'), { recursive: true, force: true });
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
