import { carriedConsumer, carriedRestaurant } from '@standing-order/contracts';
import type { Sidecar } from '@standing-order/dapr';
import type { Clock } from '@standing-order/service-kit/runtime';
import { meter } from '@standing-order/service-kit/telemetry';
import type { z } from 'zod';
import { type ChangeEvent, createLocalCopy, type LocalCopyOptions } from './local-copy.ts';
import { createPuller } from './pull.ts';
import { isFresh, stalenessOf } from './staleness.ts';

/** The fields of consumers and restaurants that a verdict needs. */
const copiedConsumer = carriedConsumer.omit({ name: true });
const copiedRestaurant = carriedRestaurant.omit({ name: true });
type CopiedConsumer = z.infer<typeof copiedConsumer>;
type CopiedRestaurant = z.infer<typeof copiedRestaurant>;

/** Capacity of a local copy: a consumer, a restaurant and an item of a menu each count one. About 50 MB each. */
const CAPACITY = 200_000;

/** The state of a local copy, as GET /replicas returns it. */
export interface LocalCopyState {
  /** Seconds; null before the first complete pull. */
  readonly staleness: number | null;
  /** Whether orders are decided on the copy now. */
  readonly fresh: boolean;
  readonly entities: number;
  /** The newest change of each lane in the copy. */
  readonly sequences: readonly number[];
}

/** The local copy of one owner's entities, kept up to date by pulls and events. */
export interface MaintainedCopy<E> {
  /** The entity, if it is in the copy and the copy is fresh enough to decide on. */
  find(id: string): E | undefined;
  applyEvent(event: ChangeEvent<E>): void;
  state(): LocalCopyState;
  start(): void;
  stop(): void;
}

export type ConsumerCopy = MaintainedCopy<CopiedConsumer>;
export type RestaurantCopy = MaintainedCopy<CopiedRestaurant>;

export interface LocalCopies {
  readonly consumer: ConsumerCopy;
  readonly restaurant: RestaurantCopy;
  start(): void;
  stop(): void;
}

export interface LocalCopiesParts {
  readonly sidecar: Pick<Sidecar, 'invoke'>;
  readonly clock: Pick<Clock, 'monotonic' | 'setTimer'>;
  /** Maximum age of a local copy that orders are decided on, in milliseconds. */
  readonly maxStalenessMs: number;
}

/** Creates the local copies of both owners' entities. They are empty until they are started. */
export function createLocalCopies(parts: LocalCopiesParts): LocalCopies {
  const consumer = maintainCopy(parts, 'consumer', copiedConsumer, { weigh: () => 1, capacity: CAPACITY });
  const weigh = ({ menu }: CopiedRestaurant) => 1 + menu.length;
  const restaurant = maintainCopy(parts, 'restaurant', copiedRestaurant, { weigh, capacity: CAPACITY });
  return {
    consumer,
    restaurant,
    start() {
      consumer.start();
      restaurant.start();
    },
    stop() {
      consumer.stop();
      restaurant.stop();
    },
  };
}

function maintainCopy<E extends { readonly id: string }>(
  { sidecar, clock, maxStalenessMs }: LocalCopiesParts,
  owner: string,
  entity: z.ZodType<E>,
  options: LocalCopyOptions<E>,
): MaintainedCopy<E> {
  const localCopy = createLocalCopy(options);
  const puller = createPuller({ sidecar, clock, owner, entity, localCopy });
  const fresh = () => isFresh(puller.completeAt(), clock.monotonic(), maxStalenessMs);
  const staleness = () => stalenessOf(puller.completeAt(), clock.monotonic()) / 1_000;
  let started = false;

  return {
    find: (id) => (fresh() ? localCopy.find(id) : undefined),
    applyEvent(event) {
      if (started) localCopy.applyEvent({ ...event, entity: entity.parse(event.entity) });
    },
    state: () => ({
      staleness: puller.completeAt() === undefined ? null : staleness(),
      fresh: fresh(),
      entities: localCopy.size(),
      sequences: localCopy.cursors().map(({ seq }) => seq),
    }),
    start() {
      started = true;
      gauge.addCallback((result) => result.observe(staleness(), { owner }));
      puller.start();
    },
    stop: puller.stop,
  };
}

const gauge = meter.createObservableGauge('replica.staleness.seconds', {
  description: "Maximum age of the local copy of an owner's entities; infinite before it is loaded",
});
