import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { answersOk, until } from '@standing-order/local/wait';
import type { Testbed } from '../testbed/testbed.ts';
import { type Action, type Fault, isClusterAction, type Link, type Target } from '../timetable/schema.ts';
import type { Applied, Injector } from './injector.ts';
import { accepts, isPaused, responseMs } from './probes.ts';

const READY_MS = 90_000;
/** A proxy that delays or cuts shows it within this time. */
const EFFECT_MS = 400;
const HEALTHY_MS = 5_000;
/** A process that gets SIGSTOP is stopped within this time. */
const STOP_MS = 2_000;

/** Whether local processes can have a fault. */
export const isLocalFault = ({ actions }: Pick<Fault, 'actions'>): boolean => !actions.some(isClusterAction);

/** Injects faults into local processes with signals, and between sidecars and stores with toxiproxy. */
export function createLocalInjector(testbed: Testbed, signal: AbortSignal): Injector {
  const { platform, toxiproxy, consumerProxy, proxyPorts, broker } = testbed;
  const processOf = (name: string) => {
    const found = platform.processes().find((process) => process.name === name);
    if (found === undefined) throw new Error(`no process ${name}`);
    return found;
  };

  /** The processes of targets, each once. A pod is a service with its sidecar. */
  function processesOf(targets: readonly Target[]): string[] {
    const names = targets.flatMap((target) => {
      switch (target) {
        case 'broker':
          return broker === 'redis' ? ['redis-broker'] : ['kafka'];
        case 'state-store':
          return ['redis-state'];
        case 'order-1':
        case 'order-2':
          return [target, `${target}-dapr`];
        case 'order-2-sidecar':
          return ['order-2-dapr'];
        case 'consumer-sidecar':
        case 'restaurant-sidecar':
        case 'notification-sidecar':
          return [target.replace('-sidecar', '-1-dapr')];
        default:
          return [`${target}-1`];
      }
    });
    return [...new Set(names)];
  }

  async function kill(name: string): Promise<void> {
    await platform.kill(name);
    const { state, ports } = processOf(name);
    const open = (await Promise.all(ports.map(accepts))).some(Boolean);
    if (state !== 'stopped' || open) throw new Error(`${name} is ${state} after it was killed`);
  }

  /** Starts processes, the stores first, and waits until the platform is ready. */
  async function startAgain(names: readonly string[]): Promise<void> {
    const stopped = names.filter((name) => processOf(name).state !== 'running');
    const isStore = (name: string) => processOf(name).kind === 'store';
    await Promise.all(stopped.filter(isStore).map((name) => platform.start(name)));
    await Promise.all(stopped.filter((name) => !isStore(name)).map((name) => platform.start(name)));
    await platform.ready(READY_MS);
  }

  async function applyKill(targets: readonly Target[]): Promise<Applied> {
    const names = processesOf(targets);
    const killed = await Promise.allSettled(names.map(kill));
    const failed = killed.find((result) => result.status === 'rejected');
    if (failed) {
      await startAgain(names);
      throw failed.reason;
    }
    return { undo: () => startAgain(names) };
  }

  /** The broker is up again, and empty, when this resolves. */
  async function applyWipe(targets: readonly Target[]): Promise<Applied> {
    const names = processesOf(targets);
    await Promise.all(names.map(kill));
    await Promise.all(names.map((name) => rm(join(platform.dataDir, name), { recursive: true })));
    await Promise.all(names.map((name) => platform.start(name)));
    return { undo: () => platform.ready(READY_MS) };
  }

  async function applyPause(targets: readonly Target[]): Promise<Applied> {
    // A paused node pauses the sidecar, too. A pause of the application alone is the harder case: the sidecar still delivers to it.
    const names = processesOf(targets).filter((name) => !name.endsWith('-dapr'));
    await Promise.all(names.map((name) => platform.pause(name)));
    const undo = async () => {
      await Promise.all(names.map((name) => platform.resume(name)));
      await platform.ready(READY_MS);
    };
    try {
      // On a busy machine a thread stops a moment after the signal.
      await Promise.all(names.map((name) => until(`${name} still runs after SIGSTOP`, stopped(name), STOP_MS, signal)));
    } catch (error) {
      await undo();
      throw error;
    }
    return { undo };
  }

  const stopped = (name: string) => async () => {
    if (!(await isPaused(processOf(name).pid ?? 0))) throw new Error('it is not stopped');
  };

  const measure = (link: Exclude<Link, 'consumer'>, withinMs: number) =>
    responseMs(link === 'broker' ? broker : 'redis', proxyPorts[link], withinMs);

  async function healed(link: Exclude<Link, 'consumer'>): Promise<void> {
    await toxiproxy.heal(link);
    if ((await measure(link, HEALTHY_MS)) === undefined) throw new Error(`${link} does not respond through its proxy`);
    await platform.ready(READY_MS);
  }

  async function applyDelay(link: Link, ms: number): Promise<Applied> {
    if (link === 'consumer') return applyToConsumer((on) => Object.assign(consumerProxy, { delayMs: on ? ms : 0 }), ms);
    await toxiproxy.delay(link, ms);
    const measured = await measure(link, ms + HEALTHY_MS);
    if (measured !== undefined && measured >= ms) return { undo: () => healed(link) };
    await healed(link);
    throw new Error(`${link} responds after ${measured} ms with a delay of ${ms} ms`);
  }

  async function applyCut(link: Exclude<Link, 'consumer'>): Promise<Applied> {
    await toxiproxy.cut(link);
    if ((await measure(link, EFFECT_MS)) === undefined) return { undo: () => healed(link) };
    await healed(link);
    throw new Error(`${link} still responds`);
  }

  /** Changes the proxy of the consumer service, and reads a consumer twice through it: one request in two fails. */
  async function applyToConsumer(set: (on: boolean) => void, delayMs: number): Promise<Applied> {
    const probe = async () => {
      const startedAt = performance.now();
      const url = `http://127.0.0.1:${proxyPorts.consumer}/consumers/lab-probe`;
      const { status } = await fetch(url, { signal: AbortSignal.timeout(delayMs + HEALTHY_MS) });
      return { failed: status === 500, ms: performance.now() - startedAt };
    };
    const probes = async () => Promise.all([probe(), probe(), probe(), probe()]);
    set(true);
    const seen = await probes();
    const undo = async () => {
      set(false);
      if ((await probes()).some(({ failed }) => failed)) throw new Error('the consumer service still fails');
      await until(
        'the consumer service is not ready',
        answersOk(`${platform.urls.consumer[0]}/readyz`),
        READY_MS,
        signal,
      );
    };
    const effective = delayMs > 0 ? seen.every(({ ms }) => ms >= delayMs) : seen.some(({ failed }) => failed);
    if (effective) return { undo };
    await undo();
    throw new Error(`the consumer service works as before: ${JSON.stringify(seen)}`);
  }

  return {
    apply(action: Action): Promise<Applied> {
      switch (action.do) {
        case 'kill':
          return applyKill(action.targets);
        case 'wipe':
          return applyWipe(action.targets);
        case 'pause':
          return applyPause(action.targets);
        case 'delay':
          return applyDelay(action.link, action.ms);
        case 'cut':
          return applyCut(action.link);
        case 'fail':
          return applyToConsumer((on) => Object.assign(consumerProxy, { failingShare: on ? action.share : 0 }), 0);
        default:
          return Promise.reject(new Error(`"${action.do}" needs a cluster`));
      }
    },
  };
}
