import type { Outbox, OutgoingCommand, Token } from '@standing-order/outbox';
import type { Clock } from '@standing-order/service-kit/runtime';
import { runDetached, warnRateLimited } from '@standing-order/service-kit/telemetry';
import type { Message } from '../domain/decide.ts';
import type { Order } from '../domain/order.ts';

/** Answers to be recorded in orders. */
export type Entries = readonly { readonly id: string; readonly reply: Message }[];

export interface ConfirmationsParts {
  readonly outbox: Pick<Outbox<Order, Message>, 'record'>;
  readonly clock: Pick<Clock, 'setTimer'>;
}

/**
 * Which orders are in their consumers' lists, and have to say so themselves. While an order is undecided nothing hurries: a
 * validator's answer will be written into it soon, and a confirmation that goes along costs no write of its own.
 */
export interface Confirmations {
  /** Takes what has been listed by these sendings. */
  add(listed: readonly OutgoingCommand<Order>[]): void;
  /** Whether the order is listed and waits to say so. This sending is the one that it will confirm then. */
  awaits(sending: OutgoingCommand<Order>): boolean;
  /** The entries, and with them what waits to be confirmed of the same orders. */
  joined(entries: Entries): Entries;
  /** Records all that waits, so that nobody has to list it again. Never rejects. */
  leave(): Promise<void>;
}

/** What nothing comes along for waits for this long at least, and for twice as long at most. */
const HOLD_MS = 2_000;

export function createConfirmations({ outbox, clock }: ConfirmationsParts): Confirmations {
  let young = new Map<string, Token>();
  let old = new Map<string, Token>();
  let ticking = false;

  function tick(): void {
    if (ticking) return;
    ticking = true;
    clock.setTimer(HOLD_MS, () => {
      ticking = false;
      const due = old;
      old = young;
      young = new Map();
      if (old.size > 0) tick();
      void record(due);
    });
  }

  async function record(due: Iterable<readonly [id: string, token: Token]>): Promise<void> {
    const entries = [...due].map(([id, token]) => confirmation(id, token));
    if (entries.length === 0) return;
    await runDetached(() => outbox.record(entries)).catch((error: unknown) => {
      // The outbox sends again what is not confirmed, and the list knows it by its id.
      warnRateLimited('index', { err: error }, 'orders are listed, and do not say so yet');
    });
  }

  function taken(id: string): Entries {
    const token = young.get(id) ?? old.get(id);
    if (!token) return [];
    young.delete(id);
    old.delete(id);
    return [confirmation(id, token)];
  }

  return {
    add(listed) {
      const settled = listed.filter(({ document }) => document.status !== 'PENDING');
      void record(settled.map(({ document, token }) => [document.id, token]));
      for (const { document, token } of listed) if (document.status === 'PENDING') young.set(document.id, token);
      if (young.size > 0) tick();
    },
    awaits({ document, token }) {
      const where = [young, old].find((some) => some.has(document.id));
      where?.set(document.id, token);
      return where !== undefined;
    },
    joined: (entries) => [...entries, ...entries.flatMap(({ id }) => taken(id))],
    leave() {
      const all = [...old, ...young];
      old = new Map();
      young = new Map();
      return record(all);
    },
  };
}

const confirmation = (id: string, token: Token): Entries[number] => ({ id, reply: { kind: 'indexed', token } });
