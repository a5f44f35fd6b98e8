import type { Store } from '../src/index.ts';
import type { Invariant } from './invariant-checker.ts';
import type { Variant } from './run.ts';
import type { Dialect } from './store.ts';

/** A broken outbox that random schedules detect. */
export interface NamedVariant extends Variant {
  /** The defect that the variant reintroduces. */
  readonly defect: string;
  /** The invariants that may detect it. Which of them is first depends on the seed. */
  readonly caughtBy: readonly Invariant[];
  /** A schedule that detects it, tried first. */
  readonly seed: number;
  /** It is a defect with a short retention. Its schedules are those of `createExpirySchedule`. */
  readonly expiry?: boolean;
  /** The only store on which it is a defect. */
  readonly dialect?: Dialect;
}

const never = () => false;
const always = () => true;

/** Writes orders without their ETags. */
function blind(store: Store): Store {
  return {
    ...store,
    write: async (items) => {
      const found = await store.read(items.map(({ key }) => key));
      const latest = (key: string) => (key.startsWith('o:') ? found.get(key)?.etag : undefined);
      return store.write(items.map((item) => ({ ...item, etag: latest(item.key) ?? item.etag })));
    },
  };
}

/** Outboxes that are broken on purpose, each in one place. Every one of them has to be detected. */
export const variants: Readonly<Record<string, NamedVariant>> = {
  'any-outcome-is-success': {
    defect: 'an error of the store counts as success',
    seed: 1,
    caughtBy: [1, 4],
    policies: { isCommitted: always },
  },
  'absent-means-failed': {
    defect:
      'a batch that is absent when it is read back counts as failed: it is applied later, and no writer processes it',
    seed: 58,
    caughtBy: [2],
    dialect: 'redis',
    policies: { givesUp: always },
  },
  'no-reserved-range': {
    defect: 'a takeover scans one segment only, not all reserved numbers that may still be written',
    seed: 9,
    caughtBy: [1, 2],
    policies: { takeoverRange: ({ low }) => ({ from: low, to: low }) },
  },
  'no-reservation': {
    defect: 'a segment number is used before its limit was read back',
    seed: 93,
    caughtBy: [1],
    policies: { mayUseNumber: always },
  },
  'no-rescans': {
    defect: 'a takeover scans once, so a segment that is written later is not found',
    seed: 66,
    caughtBy: [1, 2],
    policies: { mayRescan: never },
  },
  'early-retirement': {
    defect: 'a stopped writer is removed from the registry as soon as it is taken over',
    seed: 41,
    caughtBy: [1, 2],
    policies: { mayRetire: ({ unchangedMs }) => unchangedMs > 10_000 },
  },
  'no-expiry': {
    defect: 'a writer that was paused for days continues under a name that was removed from the registry',
    seed: 133,
    caughtBy: [1, 2],
    policies: { isExpired: never },
  },
  'no-takeover': {
    defect: 'the segments of a stopped writer are never taken over',
    seed: 6,
    caughtBy: [2],
    policies: { isDead: never },
  },
  'deletes-before-confirmed': {
    defect: 'a compacted segment is deleted before the new segment is confirmed',
    seed: 19,
    caughtBy: [1, 2],
    policies: { mayDeleteRewritten: always },
  },
  'drops-absent-orders': {
    defect: 'a segment is deleted although an order that it names is not stored yet',
    seed: 816,
    caughtBy: [1, 2],
    policies: { mayDeleteSegment: ({ open }) => open === 0 },
  },
  'insert-overwrites': {
    defect: '`first-write` in a transaction silently overwrites on Redis',
    seed: 1,
    caughtBy: [3, 4],
    policies: { documentOperation: () => 'upsert' },
  },
  'fingerprint-ignored': {
    defect: 'another request with the same Idempotency-Key is answered with the first order',
    seed: 1,
    caughtBy: [4],
    policies: { storeOutcome: (stored, requested) => (stored.nonce === requested.nonce ? 'created' : 'existing') },
  },
  'no-retry-after-collision': {
    defect: 'on PostgreSQL one collision rolls back the whole batch, and the rest is not sent again',
    seed: 5,
    caughtBy: [0],
    dialect: 'postgresql',
    policies: { givesUp: ({ attempts }) => attempts >= 1 },
  },
  'never-isolates': {
    defect: 'a document that the store never accepts blocks all later documents',
    seed: 1,
    caughtBy: [0],
    policies: { isolates: never },
  },
  'drops-uncertain': {
    defect: 'the number of a batch that was set aside counts as deleted: it is applied later, and no writer scans it',
    seed: 79,
    caughtBy: [1, 2],
    policies: { dropsUncertain: always },
  },
  unsorted: {
    defect: 'two batches in opposite key order deadlock on PostgreSQL',
    seed: 10,
    caughtBy: [0],
    policies: { compareKeys: () => 0 },
  },
  'blind-writes': {
    defect: 'replies are written without an ETag, so that one overwrites another',
    seed: 3,
    caughtBy: [3, 4],
    wrapStore: blind,
  },
  'deletes-instead-of-tombstones': {
    defect: 'an order is erased by deleting its key, and a late update by ETag restores it',
    seed: 2,
    caughtBy: [4],
    deletes: true,
  },
  'never-sends-again': {
    defect: 'a message that was lost, or dropped by Dapr after handler errors, is never sent again',
    seed: 24,
    caughtBy: [2],
    policies: { isLost: never, probeCount: () => 0 },
  },
  'timer-per-command': {
    defect: 'one timer per command causes the storm of retransmissions that it should prevent',
    seed: 121,
    caughtBy: [5],
    policies: { probeCount: (inFlight) => inFlight },
  },
  'no-window': {
    defect: 'all commands are sent immediately, without a window',
    seed: 1,
    caughtBy: [5],
    policies: { hasRoom: always },
  },
  'expires-incomplete': {
    defect: 'an order gets its expiry before it is complete, and expires while it waits for a validator',
    seed: 219,
    caughtBy: [1],
    policies: { mayExpire: always },
  },
  'counts-earlier-replies': {
    defect: 'a late reply about an expired order is recorded in a new order of the same id',
    seed: 27,
    caughtBy: [3],
    expiry: true,
    policies: { countsReply: always },
  },
  'writes-old-copies': {
    defect: 'a process that was paused writes an order that it has read before, and restores it after it has expired',
    seed: 150,
    caughtBy: [4],
    dialect: 'redis',
    expiry: true,
    policies: { mayWrite: always },
  },
  'no-orphan-index': {
    defect: 'an order whose transaction was applied after its writer had retired is read, and is still not processed',
    seed: 65,
    caughtBy: [2],
    policies: { indexesOrphan: never },
  },
};
