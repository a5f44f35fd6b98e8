import type { StateStore, Stored } from '@standing-order/dapr';
import type { Clock } from '@standing-order/service-kit/runtime';

/** A state store in memory, with ETags; `down` makes every call fail. */
export function memory(): StateStore & { down: boolean; readonly entries: Map<string, Stored> } {
  const entries = new Map<string, Stored>();
  let version = 0;
  const put = (key: string, value: unknown) =>
    entries.set(key, { value: JSON.parse(JSON.stringify(value)), etag: String(++version) });
  const reading = <T>(result: () => T) =>
    store.down ? Promise.reject<T>(new Error('down')) : Promise.resolve(result());
  const store = {
    entries,
    down: false,
    transact: async () => 'unknown' as const,
    etagAfter: () => undefined,
    get: (key: string) => reading(() => entries.get(key)),
    read: (keys: readonly string[]) => reading(() => new Map([...entries].filter(([key]) => keys.includes(key)))),
    async insert(key: string, value: unknown) {
      if (store.down) return 'unknown' as const;
      if (entries.has(key)) return 'exists' as const;
      put(key, value);
      return 'created' as const;
    },
    async write(items: readonly { key: string; value: unknown; etag: string }[]) {
      if (store.down) return 'unknown' as const;
      const fresh = items.filter(({ key, etag }) => entries.get(key)?.etag === etag);
      for (const { key, value } of fresh) put(key, value);
      return fresh.length === items.length ? ('written' as const) : ('conflict' as const);
    },
    update: (key: string, value: unknown, etag: string) => store.write([{ key, value, etag }]),
    async remove(key: string) {
      entries.delete(key);
      return 'written' as const;
    },
  };
  return store;
}

/** A clock whose timers fire when `pass` is called. */
export function handClock(): Clock & { pass(ms: number): void } {
  let now = 0;
  const timers = new Set<{ at: number; fire(): void }>();
  return {
    monotonic: () => now,
    wall: () => now,
    setTimer(ms, fire) {
      const timer = { at: now + ms, fire };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    pass(ms) {
      now += ms;
      for (const timer of [...timers]) if (timer.at <= now && timers.delete(timer)) timer.fire();
    },
  };
}
