import { carriedConsumer, carriedRestaurant } from '@standing-order/contracts';
import type { Sidecar } from '@standing-order/dapr';
import type { Clock } from '@standing-order/service-kit/runtime';
import { meter } from '@standing-order/service-kit/telemetry';
import type { z } from 'zod';
import { createPuller } from './pull.ts';
import { type ChangeEvent, createReplica, type ReplicaOptions } from './replica.ts';
import { isFresh, stalenessOf } from './staleness.ts';

/** Of consumers and restaurants, what it takes to judge an order. */
const neededConsumer = carriedConsumer.omit({ name: true });
const neededRestaurant = carriedRestaurant.omit({ name: true });
type NeededConsumer = z.infer<typeof neededConsumer>;
type NeededRestaurant = z.infer<typeof neededRestaurant>;

/** Places of a replica: so many consumers, or restaurants and items on their menus. About 50 MB each. */
const PLACES = 200_000;

/** How a replica is, as GET /replicas shows it. */
export interface ReplicaState {
  /** Seconds; null before the first complete pull. */
  readonly staleness: number | null;
  /** Whether orders are decided on it now. */
  readonly fresh: boolean;
  readonly entities: number;
  /** The newest change known of each lane. */
  readonly sequences: readonly number[];
}

/** One owner's entities, as this process knows them. */
export interface Followed<E> {
  /** The entity, if it is known and what is known is fresh enough to decide on. */
  find(id: string): E | undefined;
  hear(event: ChangeEvent<E>): void;
  state(): ReplicaState;
  start(): void;
  stop(): void;
}

export interface Replicas {
  readonly consumer: Followed<NeededConsumer>;
  readonly restaurant: Followed<NeededRestaurant>;
  start(): void;
  stop(): void;
}

/** Of each owner, what one user of the replicas needs. */
export type Some<What extends 'find' | 'hear' | 'state'> = {
  readonly [Owner in 'consumer' | 'restaurant']: Pick<Replicas[Owner], What>;
};

export interface ReplicasParts {
  readonly sidecar: Pick<Sidecar, 'invoke'>;
  readonly clock: Pick<Clock, 'monotonic' | 'setTimer'>;
  /** How stale a replica may be to be decided on, in milliseconds. */
  readonly stalenessMs: number;
}

/** Replicas of the entities of both owners. Empty and of no use until started. */
export function createReplicas(parts: ReplicasParts): Replicas {
  const consumer = follow(parts, 'consumer', neededConsumer, { weigh: () => 1, places: PLACES });
  const weigh = ({ menu }: NeededRestaurant) => 1 + menu.length;
  const restaurant = follow(parts, 'restaurant', neededRestaurant, { weigh, places: PLACES });
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

function follow<E extends { readonly id: string }>(
  { sidecar, clock, stalenessMs }: ReplicasParts,
  owner: string,
  entity: z.ZodType<E>,
  options: ReplicaOptions<E>,
): Followed<E> {
  const replica = createReplica(options);
  const puller = createPuller({ sidecar, clock, owner, entity, replica });
  const fresh = () => isFresh(puller.provenAt(), clock.monotonic(), stalenessMs);
  const staleness = () => stalenessOf(puller.provenAt(), clock.monotonic()) / 1_000;
  let started = false;

  return {
    find: (id) => (fresh() ? replica.find(id) : undefined),
    hear(event) {
      if (started) replica.hear({ ...event, entity: entity.parse(event.entity) });
    },
    state: () => ({
      staleness: puller.provenAt() === undefined ? null : staleness(),
      fresh: fresh(),
      entities: replica.size(),
      sequences: replica.cursors().map(({ seq }) => seq),
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
  description: 'How stale the replica of an owner can be at most; infinite before it is loaded',
});
