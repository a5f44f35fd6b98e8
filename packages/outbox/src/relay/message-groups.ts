import type { Clock } from '../ports.ts';

/** Number of commands that fill a message. 32 KiB hold about 70 commands of orders with two lines. */
const FULL_MESSAGE = 64;
/**
 * Below this number of unanswered commands, a group does not wait. At low rates this is the number of small messages that one
 * replica has in a partition at a time. One is too few: replies that another replica recorded are noticed late, by a poll.
 */
const FEW_UNANSWERED = 4;

/** The commands of a lane, or of a group of lanes. */
export interface MessageLoad {
  /** Number of commands that may take a free slot. */
  readonly sendable: number;
  /** Number of slots in use: commands that are not acknowledged yet. */
  readonly unanswered: number;
  /** Number of slots. */
  readonly slots: number;
}

/**
 * Whether the commands of a group are sent now, by the rules of TCP against small segments (RFC 1122, 4.2.3.4).
 * They are when few commands are unanswered (Nagle's algorithm: none), when they fill a message, or when they fill half of the windows.
 */
export const isMessageDue = ({ sendable, unanswered, slots }: MessageLoad): boolean =>
  sendable > 0 && (unanswered < FEW_UNANSWERED || sendable >= Math.min(FULL_MESSAGE, slots / 2));

/** The lanes of a channel whose commands share messages. */
interface MessageGroup {
  readonly lanes: number[];
  /** Set while commands wait. Cancels the end of their wait. */
  cancelWait: (() => void) | undefined;
}

export interface MessageGroupsOptions {
  readonly clock: Clock;
  /** Maximum wait of a command. */
  readonly fillMs: number;
  readonly lanes: number;
  /** The name of the group of a lane. Undefined: the commands of the lane do not wait. */
  groupOf(lane: number): string | undefined;
  loadOf(lane: number): MessageLoad;
  /** Lets the commands of a lane take the free slots. */
  release(lane: number): void;
  /** Sends the commands that have slots, after the maximum wait. */
  flush(): void;
}

/** Decides when the commands of a channel take free slots: immediately, or with others that share a message. */
export class MessageGroups {
  readonly #options: MessageGroupsOptions;
  readonly #groups: readonly (MessageGroup | undefined)[];
  /** Groups with new commands or new room. */
  readonly #changed = new Set<MessageGroup>();

  constructor(options: MessageGroupsOptions) {
    this.#options = options;
    const groups = new Map<string, MessageGroup>();
    this.#groups = Array.from({ length: options.lanes }, (_, lane) => {
      const name = options.groupOf(lane);
      if (name === undefined) return undefined;
      const group = groups.get(name) ?? { lanes: [], cancelWait: undefined };
      groups.set(name, group);
      group.lanes.push(lane);
      return group;
    });
  }

  /** A lane has a new command or new room. Its group is released by `releaseDue`. */
  changed(lane: number): void {
    const group = this.#groups[lane];
    if (group === undefined) this.#options.release(lane);
    else this.#changed.add(group);
  }

  /** Releases the groups that are due. The other commands wait, for `fillMs` at most. */
  releaseDue(): void {
    const { clock, fillMs, flush } = this.#options;
    for (const group of this.#changed) {
      const load = this.#loadOf(group);
      if (isMessageDue(load)) this.#release(group);
      else if (load.sendable > 0) {
        group.cancelWait ??= clock.setTimer(fillMs, () => {
          this.#release(group);
          flush();
        });
      }
    }
    this.#changed.clear();
  }

  stop(): void {
    for (const group of this.#groups) group?.cancelWait?.();
  }

  #release(group: MessageGroup): void {
    group.cancelWait?.();
    group.cancelWait = undefined;
    for (const lane of group.lanes) this.#options.release(lane);
  }

  #loadOf({ lanes }: MessageGroup): MessageLoad {
    let [sendable, unanswered, slots] = [0, 0, 0];
    for (const lane of lanes) {
      const load = this.#options.loadOf(lane);
      sendable += load.sendable;
      unanswered += load.unanswered;
      slots += load.slots;
    }
    return { sendable, unanswered, slots };
  }
}
