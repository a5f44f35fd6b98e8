import type { Entry } from './dead-letter.ts';

/** The dead-letter topics of a broker. */
export interface DeadLetterBroker {
  /** Every dead letter that was neither replayed nor dropped, the oldest of each topic first. */
  list(): Promise<readonly Entry[]>;
  /** Sends the message to the topic unchanged, and removes the dead letter. False: the dead letter is no longer there. */
  replay(entry: Entry, topic: string, message: string): Promise<boolean>;
  /** Removes the dead letter. False: it is no longer there. */
  drop(entry: Entry): Promise<boolean>;
  close(): Promise<void>;
}
