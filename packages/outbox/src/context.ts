import type { Policies } from './policies.ts';
import type { Clock, DocumentHandler, Observer, OutboxDocument, Random, Store, Transport } from './ports.ts';
import type { Settings } from './settings.ts';

/** What every part of the outbox works with. */
export interface Context<D extends OutboxDocument, A> {
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Store;
  readonly transport: Transport<D>;
  readonly handler: DocumentHandler<D, A>;
  readonly observer: Observer<D>;
  readonly settings: Settings;
  readonly policies: Policies;
}

/** The message of anything thrown. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A key part that no other process has: 120 random bits. */
export const freshName = (random: Random): string => {
  let name = '';
  for (let i = 0; i < 24; i++) name += Math.floor(random() * 32).toString(32);
  return name;
};

/** The slices of `items`, each of at most `size`. */
export function* slices<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}
