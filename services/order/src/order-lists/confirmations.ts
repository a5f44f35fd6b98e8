import type { OutgoingCommand, Token } from '@standing-order/outbox';
import type { Clock } from '@standing-order/service-kit/runtime';
import { runDetached, warnRateLimited } from '@standing-order/service-kit/telemetry';
import type { Order } from '../domain/order.ts';
import type { OrderReply, ReplyRecorder } from '../domain/ports.ts';

/**
 * The confirmations, of kind `indexed`, that orders are in their consumers' lists. They have to be recorded in the orders.
 *
 * While an order is PENDING its confirmation waits: a validator's reply will be recorded in the same order soon, and a
 * confirmation that is recorded with it costs no write of its own.
 */
export interface Confirmations {
  /** From now on confirmations without such a reply are recorded here. Before, they are dropped. */
  start(recorder: ReplyRecorder): void;
  /** Adds the confirmations of commands whose orders have been listed. */
  add(listed: readonly OutgoingCommand<Order>[]): void;
  /** Whether the order is listed and its confirmation waits. If so, it will confirm this command instead. */
  confirmsLater(command: OutgoingCommand<Order>): boolean;
  /** Appends the waiting confirmations of the same orders to a batch of replies, so that both are written at once. */
  join(replies: readonly OrderReply[]): readonly OrderReply[];
  /** Records all waiting confirmations, so that no other replica has to list these orders again. Never rejects. */
  flush(): Promise<void>;
}

/** A confirmation waits at least this long for a reply to the same order, and at most twice as long. */
const HOLD_MS = 2_000;

export function createConfirmations(clock: Pick<Clock, 'setTimer'>): Confirmations {
  let recorder: ReplyRecorder | undefined;
  let recent = new Map<string, Token>();
  let older = new Map<string, Token>();
  let isTicking = false;

  function tick(): void {
    if (isTicking) return;
    isTicking = true;
    clock.setTimer(HOLD_MS, () => {
      isTicking = false;
      const due = older;
      older = recent;
      recent = new Map();
      if (older.size > 0) tick();
      void record(due);
    });
  }

  async function record(due: Iterable<readonly [id: string, token: Token]>): Promise<void> {
    const replies = [...due].map(([id, token]) => confirmation(id, token));
    if (replies.length === 0) return;
    await runDetached(async () => recorder?.record(replies)).catch((error: unknown) => {
      // The outbox sends an unconfirmed command again. The list finds the order's id and does not add it twice.
      warnRateLimited('index', { err: error }, 'cannot record that orders are listed; the outbox retries');
    });
  }

  function take(id: string): readonly OrderReply[] {
    const token = recent.get(id) ?? older.get(id);
    if (!token) return [];
    recent.delete(id);
    older.delete(id);
    return [confirmation(id, token)];
  }

  return {
    start(connected) {
      recorder = connected;
    },
    add(listed) {
      const decided = listed.filter(({ document }) => document.status !== 'PENDING');
      void record(decided.map(({ document, token }) => [document.id, token]));
      for (const { document, token } of listed) if (document.status === 'PENDING') recent.set(document.id, token);
      if (recent.size > 0) tick();
    },
    confirmsLater({ document, token }) {
      const waiting = [recent, older].find((confirmations) => confirmations.has(document.id));
      waiting?.set(document.id, token);
      return waiting !== undefined;
    },
    join: (replies) => [...replies, ...replies.flatMap(({ id }) => take(id))],
    flush() {
      const all = [...older, ...recent];
      older = new Map();
      recent = new Map();
      return record(all);
    },
  };
}

const confirmation = (id: string, token: Token): OrderReply => ({ id, reply: { kind: 'indexed', token } });
