import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '@standing-order/local/wait';
import type { Testbed } from '../testbed/testbed.ts';
import type { Target } from '../timetable/schema.ts';
import type { Applied } from './injector.ts';
import { accepts, isPaused, READY_MS } from './probes.ts';

/** A process that gets SIGSTOP is stopped within this time. */
const STOP_MS = 2_000;

/** Faults of local processes, by signals. */
export function createProcessFaults({ platform, broker }: Pick<Testbed, 'platform' | 'broker'>, signal: AbortSignal) {
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

  async function killProcess(name: string): Promise<void> {
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

  async function kill(targets: readonly Target[]): Promise<Applied> {
    const names = processesOf(targets);
    const killed = await Promise.allSettled(names.map(killProcess));
    const failed = killed.find((result) => result.status === 'rejected');
    if (failed) {
      await startAgain(names);
      throw failed.reason;
    }
    return { undo: () => startAgain(names) };
  }

  /** The broker is up again, and empty, when this resolves. */
  async function wipe(targets: readonly Target[]): Promise<Applied> {
    const names = processesOf(targets);
    await Promise.all(names.map(killProcess));
    await Promise.all(names.map((name) => rm(join(platform.dataDir, name), { recursive: true })));
    await Promise.all(names.map((name) => platform.start(name)));
    return { undo: () => platform.ready(READY_MS) };
  }

  async function pause(targets: readonly Target[]): Promise<Applied> {
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

  return { kill, wipe, pause };
}
