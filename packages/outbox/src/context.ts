import type { OutboxOptions } from './api.ts';
import type { EntryReader } from './entry-reader.ts';
import type { Policies } from './policies.ts';
import type { OutboxDocument } from './ports.ts';
import type { Settings } from './settings.ts';
import { reasonOf } from './util/errors.ts';
import { Loop } from './util/loop.ts';

/** The ports, settings and policies that every class of the outbox works with. */
export interface Context<D extends OutboxDocument, A>
  extends Required<Omit<OutboxOptions<D, A>, 'settings' | 'policies'>> {
  readonly settings: Settings;
  readonly policies: Policies;
  /** Reads documents and segments for work that leaves unreadable ones unchanged. */
  readonly entryReader: EntryReader;
}

/** A loop on the context's clock. A failed run is reported to the observer as `event`, with its reason. */
export const createLoop = <D extends OutboxDocument, A>(
  { clock, observer }: Context<D, A>,
  event: string,
  work: () => Promise<number | undefined>,
): Loop => new Loop(clock, work, (error) => observer.event?.(event, { reason: reasonOf(error) }));
