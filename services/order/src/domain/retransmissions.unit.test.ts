import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sampleOrder } from '../../test/sample-order.ts';
import { orderDocumentHandler } from '../outbox/document-handler.ts';
import { decide, type OrderInput } from './decide.ts';
import type { Order, Verdict } from './order.ts';

const KINDS = ['consumer', 'details'] as const;
type Kind = (typeof KINDS)[number];

const DEADLINE = 40;

type Step =
  | { readonly do: 'send'; readonly kind: Kind }
  /** A validator replies to a command, also repeatedly; its verdict may differ each time. */
  | { readonly do: 'reply'; readonly command: number; readonly valid: boolean; readonly amount: number }
  /** A replica receives a reply, also repeatedly. */
  | { readonly do: 'deliver'; readonly reply: number; readonly replica: 0 | 1 }
  /** A replica reads the order, and may use this state for a while. */
  | { readonly do: 'read'; readonly replica: 0 | 1 }
  | { readonly do: 'time-up'; readonly replica: 0 | 1 };

const replica = fc.constantFrom(0 as const, 1 as const);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('send' as const), kind: fc.constantFrom(...KINDS) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('reply' as const),
        command: fc.nat({ max: 9 }),
        valid: fc.boolean(),
        amount: fc.nat({ max: 3 }),
      }),
    },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('deliver' as const), reply: fc.nat({ max: 9 }), replica }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('read' as const), replica }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('time-up' as const), replica }) },
  ),
  { maxLength: 50, size: 'max' },
);

const pizza = (price: number) => ({ itemId: 'pizza', name: 'Pizza', quantity: 1, unitPrice: price, amount: price });

function replyTo(command: Verdict['token'] & { readonly kind: Kind }, valid: boolean, amount: number): Verdict {
  const { kind, ...token } = command;
  if (!valid) return { kind, valid, token, reasons: [{ code: 'CONSUMER_INACTIVE', detail: `${amount}` }] };
  const money = { amount, currency: 'EUR' };
  return kind === 'consumer'
    ? { kind, valid, token, orderLimit: money }
    : { kind, valid, token, lines: [pizza(amount)], total: money };
}

/** Two replicas over one stored order with a version. Like the recorder, they decide on a read state, then compare and set. */
function replicasOf(order: Order) {
  const written: Order[] = [order];
  const stored = () => ({ order: written.at(-1) as Order, version: written.length });
  const known = [stored(), stored()];
  return {
    written,
    read(replica: 0 | 1) {
      known[replica] = stored();
    },
    record(replica: 0 | 1, input: OrderInput, now: number): void {
      for (;;) {
        const read = known[replica] ?? stored();
        const decision = decide(read.order, input, now);
        if ('ignored' in decision) return;
        const current = read.version === written.length;
        if (current) written.push(decision.document);
        known[replica] = stored();
        if (current) return;
      }
    },
  };
}

/** Plays the steps. Returns every stored state of the order, and the delivered replies in their order. */
function play(plan: readonly Step[], decideWithin: number | undefined) {
  const order = sampleOrder({ decideWithin });
  const replicas = replicasOf(order);
  const commands: (Verdict['token'] & { readonly kind: Kind })[] = [];
  const replies: Verdict[] = [];
  const delivered: Verdict[] = [];
  for (const [now, step] of plan.entries()) {
    if (step.do === 'send') commands.push({ kind: step.kind, w: `w${now % 2}`, a: commands.length + 1, t: now });
    if (step.do === 'read') replicas.read(step.replica);
    if (step.do === 'time-up') replicas.record(step.replica, { kind: 'time-up' }, now);
    const command = step.do === 'reply' ? commands[step.command % Math.max(1, commands.length)] : undefined;
    if (step.do === 'reply' && command) replies.push(replyTo(command, step.valid, step.amount));
    const reply = step.do === 'deliver' ? replies[step.reply % Math.max(1, replies.length)] : undefined;
    if (step.do === 'deliver' && reply) {
      delivered.push(reply);
      replicas.record(step.replica, reply, now);
    }
  }
  return { states: replicas.written, last: replicas.written.at(-1) as Order, delivered };
}

test('repeated commands with different replies, at any replica in any order, never change a decided order or a recorded verdict', () => {
  fc.assert(
    fc.property(steps, fc.constantFrom(undefined, DEADLINE), (plan, within) => {
      const { states } = play(plan, within);
      for (const [index, before] of states.entries()) {
        const after = states[index + 1];
        if (!after) break;
        expect(before.status).toBe('PENDING');
        expect(after).toMatchObject({ answers: before.answers });
      }
    }),
    { numRuns: 500 },
  );
});

test('without a deadline the first delivered reply of each kind decides, at any replica', () => {
  fc.assert(
    fc.property(steps, (plan) => {
      const { last, delivered } = play(plan, undefined);
      for (const kind of KINDS) expect(last.answers[kind]).toEqual(delivered.find((reply) => reply.kind === kind));
      expect(orderDocumentHandler.pendingChannels(last).length === 0).toBe(last.status !== 'PENDING');
      expect(last.status === 'PENDING').toBe(KINDS.some((kind) => !last.answers[kind]));
    }),
    { numRuns: 500 },
  );
});
