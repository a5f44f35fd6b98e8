import { randomBytes } from 'node:crypto';
import type { Clock } from '@standing-order/service-kit/runtime';
import { createMemoryStore } from '@standing-order/testing/memory-store';
import { expect, test, vi } from 'vitest';
import { isUnreadable, newHook } from '../domain/endpoint.ts';
import type { Event } from '../domain/event.ts';
import { createHooks } from '../endpoints/endpoint-store.ts';
import { createVault, KEY_LENGTH } from '../endpoints/secret-cipher.ts';
import type { Sent } from './attempt/sender.ts';
import { createDeliverer } from './delivery-manager.ts';
import { createRecord } from './storage/delivery-log.ts';
import { createCursors } from './storage/delivery-state-store.ts';
import { createLeases } from './storage/leases.ts';
import { createLogs, cursorOf, eventsOf, historyOf, leaseOf } from './storage/logs.ts';

const MINUTE_MS = 60_000;
// Minutes of a clock by hand are thousands of steps of a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** A clock that goes on only when it is told to. Everything else here is done by the time it looks again. */
function manualClock() {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly fire: () => void }>();
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
  const clock: Clock = {
    monotonic: () => now,
    wall: () => now,
    setTimer(ms, fire) {
      const timer = { at: now + ms, fire };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  async function advance(ms: number): Promise<void> {
    const end = now + ms;
    for (;;) {
      await settled();
      const next = [...timers].sort((a, b) => a.at - b.at)[0];
      if (!next || next.at > end) break;
      timers.delete(next);
      now = Math.max(now, next.at);
      next.fire();
    }
    now = end;
    await settled();
  }
  return { clock, advance };
}

const eventNamed = (id: string): Event => ({
  id,
  type: 'order.validated',
  timestamp: '2026-11-22T09:00:00.000Z',
  data: { orderId: id, consumerId: 'ada', status: 'VALIDATED', reasons: [] },
});
const named = (count: number, first = 1) => Array.from({ length: count }, (_, index) => `e${first + index}`);

/** A store, and replicas that deliver from it to receivers that answer what they are told to. */
function world(disableAfterMs = 10_000 * MINUTE_MS) {
  const store = createMemoryStore();
  const { clock, advance } = manualClock();
  let writes = 0;
  const hooksWith = (...keys: Buffer[]) =>
    createHooks({ store, vault: createVault(keys), nonce: () => String(++writes) });
  const hooks = hooksWith();
  const logs = createLogs(store);
  const cursors = createCursors(store);
  const answers: { of(hook: string, event: string): Sent } = { of: () => ({ ok: true, answered: 200 }) };
  const sent: { readonly by: string; readonly hook: string; readonly event: string; readonly at: number }[] = [];

  function replica(by: string, itsClock: Clock = clock, itsHooks = hooks) {
    const leases = createLeases({ store, clock: itsClock, owner: by });
    const sender = {
      async send({ id: hook }: { readonly id: string }, { id: event }: Event) {
        sent.push({ by, hook, event, at: clock.wall() });
        const answer = answers.of(hook, event);
        // Some answer sooner than others, in the middle of whatever else is done.
        for (let hops = (sent.length * 7) % 13; hops > 0; hops--) await undefined;
        return answer;
      },
      close: async () => {},
    };
    const parts = { store, clock: itsClock, random: () => 0.5, logs, cursors, leases, sender, disableAfterMs };
    const deliverer = createDeliverer({ ...parts, hooks: itsHooks });
    deliverer.start();
    return deliverer;
  }

  return {
    store,
    clock,
    advance,
    hooks,
    hooksWith,
    answers,
    sent,
    replica,
    record: createRecord({ cursors, logs, now: clock.wall }),
    async register(...ids: string[]) {
      for (const id of ids) {
        const request = { url: 'https://example.com/', description: '' };
        await hooks.add(newHook({ id, request, secret: 'whsec_', now: 0 }));
      }
    },
    tell: (hook: string, events: readonly string[]) =>
      logs.events.append([{ name: eventsOf(hook), entries: events.map(eventNamed) }]),
    eventsSentTo: (hook: string) => sent.filter((one) => one.hook === hook).map(({ event }) => event),
  };
}

const failing: Sent = { ok: false, answered: 500, error: 'answered 500' };

test('every event of every webhook is sent, by one replica, and written down', async () => {
  const { register, tell, replica, advance, sent, eventsSentTo, record } = world();
  await register('one', 'two', 'three');
  for (const id of ['a', 'b']) replica(id);
  for (const hook of ['one', 'two', 'three']) await tell(hook, named(150));
  await advance(30_000);
  for (const hook of ['one', 'two', 'three']) {
    expect(eventsSentTo(hook).toSorted()).toEqual(named(150).toSorted());
    expect(new Set(sent.filter((one) => one.hook === hook).map(({ by }) => by)).size).toBe(1);
    const { open, finished } = await record.list(hook);
    expect(open).toEqual([]);
    expect(finished).toHaveLength(100);
    expect(finished[0]).toMatchObject({ status: 'delivered', attempts: 1, answered: 200 });
  }
});

test('a replica that stops lets another one go on at once, and repeats nothing', async () => {
  const { register, tell, replica, advance, sent, eventsSentTo } = world();
  await register('one');
  const first = replica('a');
  await advance(0);
  replica('b');
  await tell('one', named(10));
  await advance(5_000);
  await first.stop();
  await tell('one', named(10, 11));
  await advance(5_000);
  expect(eventsSentTo('one').toSorted()).toEqual(named(20).toSorted());
  expect(sent.filter(({ by }) => by === 'b').map(({ event }) => event)).toEqual(named(10, 11));
});

test('when a replica dies another one takes over, not before it is silent for 10 s', async () => {
  const { register, tell, replica, advance, sent } = world();
  await register('one');
  const died = manualClock();
  replica('a', died.clock);
  await died.advance(0);
  replica('b');
  await tell('one', named(3));
  await advance(9_000);
  expect(sent.filter(({ by }) => by === 'b')).toEqual([]);
  await advance(5_000);
  expect(sent.filter(({ by }) => by === 'b').map(({ event }) => event)).toEqual(named(3));
});

test('an event that always fails is tried more and more rarely, and holds up no other', async () => {
  const { register, tell, replica, advance, sent, eventsSentTo, answers, record } = world();
  await register('one');
  answers.of = (_, event) => (event === 'e1' ? failing : { ok: true });
  replica('a');
  await tell('one', named(400));
  await advance(10 * MINUTE_MS);
  expect(new Set(eventsSentTo('one')).size).toBe(400);
  const times = sent.filter(({ event }) => event === 'e1').map(({ at }) => at - (sent[0]?.at ?? 0));
  expect(times.map((at) => Math.floor(at / 1_000))).toEqual([0, 5, 20, 65, 200]);
  expect((await record.list('one')).open).toMatchObject([{ eventId: 'e1', attempts: 5, error: 'answered 500' }]);
});

test('an outage costs nothing but time, and what has waited is delivered soon after it', async () => {
  const { register, tell, replica, advance, eventsSentTo, sent, answers } = world();
  await register('one', 'two');
  let down = true;
  answers.of = (hook) => (hook === 'one' && down ? { ok: false, error: 'ECONNREFUSED' } : { ok: true });
  replica('a');
  await tell('one', named(400));
  await tell('two', named(400));
  await advance(5 * MINUTE_MS);
  expect(new Set(eventsSentTo('two')).size).toBe(400);
  const attempts = sent.length;
  down = false;
  await advance(6 * MINUTE_MS);
  const after = sent.slice(attempts);
  expect(new Set(after.map(({ event }) => event)).size).toBe(400);
  expect((after.at(-1)?.at ?? 0) - (after[0]?.at ?? 0)).toBeLessThan(60_000);
});

test('a webhook that fails for too long is disabled, and goes on where it was when it is enabled', async () => {
  const { register, tell, replica, advance, hooks, eventsSentTo, answers, record } = world(10 * MINUTE_MS);
  await register('one');
  answers.of = () => failing;
  const { refresh } = replica('a');
  await tell('one', ['e1']);
  await advance(9 * MINUTE_MS);
  expect((await hooks.all())[0]).not.toHaveProperty('disabled');
  await advance(3 * MINUTE_MS);
  expect((await hooks.all())[0]).toMatchObject({ disabled: { reason: 'failing' } });
  const before = eventsSentTo('one').length;
  await advance(30 * MINUTE_MS);
  expect(eventsSentTo('one')).toHaveLength(before);

  answers.of = () => ({ ok: true });
  await hooks.change<never>('one', ({ disabled: _, ...enabled }) => enabled);
  await record.enabled('one');
  refresh();
  await advance(5_000);
  expect(await record.list('one')).toMatchObject({ open: [], finished: [{ eventId: 'e1', status: 'delivered' }] });
});

test('a webhook for which nothing happens is not disabled', async () => {
  const { register, tell, replica, advance, hooks, answers } = world(5 * MINUTE_MS);
  await register('one');
  answers.of = () => failing;
  replica('a');
  await tell('one', ['e1']);
  await advance(4 * MINUTE_MS);
  // The next attempt is due after 10 minutes and finds the receiver well.
  answers.of = () => ({ ok: true });
  await advance(8 * MINUTE_MS);
  expect((await hooks.all())[0]).not.toHaveProperty('disabled');
});

test('secrets are sealed with the new key once every replica has it in front, whoever has changed them before', async () => {
  const { register, replica, advance, hooksWith } = world();
  const [old, now] = [randomBytes(KEY_LENGTH), randomBytes(KEY_LENGTH)];
  const before = hooksWith(old, now);
  await register('one');
  const leaving = replica('a', undefined, before);
  await advance(5_000);
  replica('b', undefined, hooksWith(now, old));
  await advance(5_000);
  await leaving.stop();
  await before.change<never>('one', (hook) => ({ ...hook, description: 'its last request' }));
  await advance(5_000);
  expect((await hooksWith(now).all()).filter(isUnreadable)).toEqual([]);
});

test('what is lost of the store for a while delays deliveries and loses none', async () => {
  const { register, tell, replica, advance, store, eventsSentTo, record } = world();
  await register('one');
  replica('a');
  await advance(0);
  await tell('one', named(50));
  store.takes = () => false;
  await advance(60_000);
  store.takes = () => true;
  await advance(60_000);
  expect(new Set(eventsSentTo('one'))).toEqual(new Set(named(50)));
  const { open, finished } = await record.list('one');
  expect([open.length, new Set(finished.map(({ eventId }) => eventId)).size]).toEqual([0, 50]);
});

test('old pages of both logs are removed, and everything of a webhook that is deleted', async () => {
  const { register, tell, replica, advance, store, hooks, eventsSentTo } = world();
  await register('one');
  replica('a');
  for (let first = 1; first <= 1_500; first += 100) {
    await tell('one', named(100, first));
    await advance(10_000);
  }
  expect(new Set(eventsSentTo('one')).size).toBe(1_500);
  const pages = (log: string) =>
    Promise.all([0, 1, 12].map(async (page) => Boolean(await store.get(`page:${page}:${log}`))));
  expect(await pages(eventsOf('one'))).toEqual([false, false, true]);
  expect(await pages(historyOf('one'))).toEqual([false, false, true]);

  await hooks.change<never>('one', (hook) => ({ ...hook, deleted: true }));
  await advance(5_000);
  expect(await hooks.all()).toEqual([]);
  for (const log of [eventsOf('one'), historyOf('one')]) expect(await pages(log)).toEqual([false, false, false]);
  const left = await store.read([cursorOf('one'), leaseOf('one'), eventsOf('one'), historyOf('one')]);
  expect([...left.keys()]).toEqual([]);
});
