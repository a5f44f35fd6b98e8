import type { Outbox, OutboxOptions } from './api.ts';
import type { Document } from './ports.ts';

/** An outbox over the given ports; nothing happens before `start`. */
export const createOutbox = <D extends Document, A>(_options: OutboxOptions<D, A>): Outbox<D, A> => {
  throw new Error('the outbox is not composed yet');
};
