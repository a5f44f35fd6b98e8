import type { Store } from '../src/index.ts';
import type { Invariant } from './invariant-checker.ts';
import type { Variant } from './run.ts';
import type { Dialect } from './store.ts';

export interface NamedVariant extends Variant {
  /** The defect that the variant reintroduces. */
  readonly hole: string;
  /** The invariants that may detect it. Which of them is first depends on the seed. */
  readonly caughtBy: readonly Invariant[];
  /** A schedule that detects it, tried first. */
  readonly seed: number;
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
  'any-answer-is-success': {
    hole: 'an error of the store is taken for success',
    seed: 1,
    caughtBy: [1, 4],
    policies: { isCommitted: always },
  },
  'absent-means-failed': {
    hole: '"Read back: absent, so it failed": it lands later, and nobody looks for it',
    seed: 327,
    caughtBy: [2],
    dialect: 'redis',
    policies: { givesUp: always },
  },
  'no-reserved-range': {
    hole: 'an adopter looks only at the segments it knows of, not at all that may still land',
    seed: 9,
    caughtBy: [1, 2],
    policies: { takeoverRange: ({ low }) => ({ from: low, to: low }) },
  },
  'no-reservation': {
    hole: 'a segment number is used before its limit was read back',
    seed: 535,
    caughtBy: [1],
    policies: { mayUseNumber: always },
  },
  'no-long-watching': {
    hole: 'an adopter looks once, and what lands later is not found',
    seed: 66,
    caughtBy: [1, 2],
    policies: { mayRescan: never },
  },
  'early-retirement': {
    hole: 'a silent writer is forgotten as soon as it is adopted',
    seed: 41,
    caughtBy: [1, 2],
    policies: { mayRetire: ({ unchangedMs }) => unchangedMs > 10_000 },
  },
  'no-guard': {
    hole: 'a writer that slept for days goes on under a name that nobody knows any more',
    seed: 133,
    caughtBy: [1, 2],
    policies: { isExpired: never },
  },
  'nobody-adopts': {
    hole: 'the segments of a dead writer stay where they are',
    seed: 1,
    caughtBy: [2],
    policies: { isDead: never },
  },
  'moves-in-one-step': {
    hole: 'a carried segment is deleted before the new one is known to be there',
    seed: 14,
    caughtBy: [1, 2],
    policies: { mayDeleteRewritten: always },
  },
  'forgets-absent-orders': {
    hole: 'a segment is deleted although an order that it names has not landed yet',
    seed: 816,
    caughtBy: [1, 2],
    policies: { mayDeleteSegment: ({ open }) => open === 0 },
  },
  'insert-overwrites': {
    hole: '`first-write` in a transaction silently overwrites on Redis',
    seed: 1,
    caughtBy: [3, 4],
    policies: { documentOperation: () => 'upsert' },
  },
  'fingerprint-ignored': {
    hole: 'the same Idempotency-Key with another request is answered with the first order',
    seed: 1,
    caughtBy: [4],
    policies: { storeOutcome: (stored, requested) => (stored.nonce === requested.nonce ? 'created' : 'existing') },
  },
  'no-resend-after-collision': {
    hole: 'on PostgreSQL one collision rolls back the whole batch, and nobody sends the rest again',
    seed: 5,
    caughtBy: [0],
    dialect: 'postgresql',
    policies: { givesUp: ({ attempts }) => attempts >= 1 },
  },
  'retries-for-ever': {
    hole: 'a document that the store never takes holds up everything that comes after it',
    seed: 1,
    caughtBy: [0],
    policies: { isolates: never },
  },
  'forgets-doubtful': {
    hole: 'the number of a batch that was set aside counts as deleted: it lands later, and nobody looks for it',
    seed: 25,
    caughtBy: [1, 2],
    policies: { forgetsUncertain: always },
  },
  unsorted: {
    hole: 'two batches in opposite key order deadlock on PostgreSQL',
    seed: 5,
    caughtBy: [0],
    policies: { compareKeys: () => 0 },
  },
  'blind-writes': {
    hole: 'answers are written without an ETag: one overwrites another',
    seed: 3,
    caughtBy: [3, 4],
    wrapStore: blind,
  },
  'deletes-instead-of-tombstones': {
    hole: 'deleting a key that others update by ETag brings the dead back',
    seed: 2,
    caughtBy: [4],
    deletes: true,
  },
  'never-sends-again': {
    hole: 'one lost message, or one handler error after which Dapr drops it, is final',
    seed: 75,
    caughtBy: [2],
    policies: { isLost: never, probeCount: () => 0 },
  },
  'timer-per-command': {
    hole: 'timers per command cause the storm that they are meant to prevent',
    seed: 121,
    caughtBy: [5],
    policies: { probeCount: (inFlight) => inFlight },
  },
  'no-window': {
    hole: 'everything is sent at once',
    seed: 1,
    caughtBy: [5],
    policies: { hasRoom: always },
  },
  'no-enlisting': {
    hole: 'an order whose transaction landed when its writer was long forgotten is read, and still nobody works on it',
    seed: 72,
    caughtBy: [2],
    policies: { indexesOrphan: never },
  },
};
