import type { StateStore } from '@standing-order/dapr';
import { dropPages, pageOf } from '@standing-order/entity-store/paged-log';
import type { Clock, Random } from '@standing-order/service-kit/runtime';
import { logger, meter, runDetached, warnRateLimited } from '@standing-order/service-kit/telemetry';
import { type Hook, isUnreadable } from '../domain/endpoint.ts';
import type { Hooks } from '../endpoints/endpoint-store.ts';
import type { Sender } from './attempt/sender.ts';
import { type Courier, type CourierParts, startCourier } from './delivery-worker.ts';
import { createSlots } from './semaphore.ts';
import type { Cursors } from './storage/delivery-state-store.ts';
import type { Leases } from './storage/leases.ts';
import { cursorOf, eventsOf, historyOf, type Logs } from './storage/logs.ts';

export interface DelivererOptions {
  readonly store: Pick<StateStore, 'remove'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly hooks: Hooks;
  readonly logs: Logs;
  readonly cursors: Cursors;
  readonly leases: Leases;
  readonly sender: Sender;
  /** Failing for so long disables, in milliseconds. */
  readonly disableAfterMs: number;
}

/** Delivers for those webhooks that are this process's. */
export interface Deliverer {
  start(): void;
  /** These webhooks have something new. */
  wake(hooks: readonly string[]): void;
  /** Webhooks have been changed. */
  refresh(): void;
  /** Writes down what has been delivered, and lets others go on. Never rejects. */
  stop(): Promise<void>;
}

const TICK_MS = 2_000;
/** Without the store for so long, others take over. */
const ALONE_MS = 8_000;
/** Deliveries of all webhooks at a time. */
const AT_ONCE = 64;

/** A deliverer at rest: `start` has it claim webhooks and deliver for them. */
export function createDeliverer(options: DelivererOptions): Deliverer {
  const { store, clock, hooks, logs, cursors, leases } = options;
  const slots = createSlots(AT_ONCE);
  const couriers = new Map<string, Courier>();
  const parts: CourierParts = { ...options, slots, drop: (log, pages) => dropPages(store, log, pages) };
  let cancelTick = () => {};
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  let unreadable: ReadonlySet<string> = new Set();
  let tickedAt = clock.monotonic();

  meter
    .createObservableGauge('webhooks.served', { description: 'Webhooks that this replica delivers for' })
    .addCallback((result) => result.observe(couriers.size));

  /** Names webhooks whose secrets cannot be opened, each once. */
  function nameUnreadable(all: readonly Hook[]): void {
    const now = new Set(all.filter(isUnreadable).map(({ id }) => id));
    for (const id of now.difference(unreadable)) {
      logger.error({ webhook: id }, 'a secret of a webhook is sealed with a key that is not configured');
    }
    unreadable = now;
  }

  async function tick(): Promise<void> {
    // Each time: a replica that has another key in front seals everything with that one when it changes a webhook.
    const all = await hooks.reseal();
    nameUnreadable(all);
    const mine = await leases.tick(all.map(({ id }) => id));
    tickedAt = clock.monotonic();
    const served = all.filter((hook) => mine.has(hook.id) && !hook.disabled && !hook.deleted);
    await end([...couriers.keys()].filter((id) => !served.some((hook) => hook.id === id)));
    if (stopped) return;
    for (const hook of served) {
      const courier = couriers.get(hook.id);
      if (courier) courier.update(hook);
      else couriers.set(hook.id, startCourier(hook, parts));
    }
    for (const hook of all) if (hook.deleted && mine.has(hook.id)) await remove(hook);
  }

  async function end(ids: readonly string[]): Promise<void> {
    const ended = ids.map((id) => couriers.get(id));
    for (const id of ids) couriers.delete(id);
    await Promise.all(ended.map((courier) => courier?.stop()));
  }

  /** Takes everything of a deleted webhook out of the store; what fails is done by the next tick. */
  async function remove({ id }: Hook): Promise<void> {
    const { cursor } = await cursors.read(id);
    for (const [log, from, kept] of [
      [eventsOf(id), cursor.dropped.events, cursor.dropped.kept],
      [historyOf(id), cursor.dropped.history, []],
    ] as const) {
      const { newest } = await (log === eventsOf(id) ? logs.events : logs.history).read(log, { limit: 1 });
      const count = Math.max(0, pageOf(Math.max(1, newest)) + 1 - from);
      const pages = [...kept, ...Array.from({ length: count }, (_, index) => from + index)];
      if (!(await dropPages(store, log, pages)) || (await store.remove(log)) !== 'written') return;
    }
    if ((await store.remove(cursorOf(id))) !== 'written' || !(await hooks.forget(id))) return;
    await leases.remove(id);
    logger.info({ webhook: id }, 'a webhook is removed');
  }

  /** One tick at a time; one that is asked for meanwhile follows. */
  function run(): void {
    if (stopped) return;
    if (running) {
      again = true;
      return;
    }
    cancelTick();
    again = false;
    running = runDetached(tick)
      .catch(async (error: unknown) => {
        warnRateLimited('webhooks tick', { err: error }, 'webhooks cannot be looked at now');
        if (clock.monotonic() - tickedAt > ALONE_MS) await end([...couriers.keys()]);
      })
      .finally(() => {
        running = undefined;
        if (again) run();
        else if (!stopped) cancelTick = clock.setTimer(TICK_MS, run);
      });
  }

  return {
    start: run,
    wake(ids) {
      for (const id of ids) couriers.get(id)?.wake();
    },
    refresh: run,
    async stop() {
      stopped = true;
      cancelTick();
      await running;
      await end([...couriers.keys()]);
      await leases.release();
    },
  };
}
