import type { OutgoingCommand, Token } from '../src/ports.ts';
import { HOUR, SECOND } from '../src/util/time.ts';
import type { ReplyMessage, Signer, SimBroker } from './broker.ts';
import { CHANNELS } from './fault-rates.ts';
import type { Order, OrderReply, Validation } from './order-handler.ts';
import type { Rng } from './random.ts';
import type { Simulator } from './simulator.ts';

/** Maximum number of replies in one message of the adversary. */
const MAX_REPLIES = 4;
/** The start of `by` of each forged verdict. */
const FORGED = 'forged';

/** Whether this stored order has a verdict that no validator has given. */
export const hasForgedVerdict = ({ verdicts }: Order): boolean =>
  Object.values(verdicts).some(({ by }) => by.startsWith(FORGED));

const signatureOf = (id: string, channel: string, { a, t }: Token): string => JSON.stringify([id, channel, a, t]);
const SEPARATOR = '.';

/** A perfect signature: the adversary does not write it. Replicas refuse a reply without it. */
const SIGNER: Signer = {
  sign: (command) => {
    const { channel, document, token } = command;
    return { ...command, token: { ...token, w: `${token.w}${SEPARATOR}${signatureOf(document.id, channel, token)}` } };
  },
  verify: (message) => {
    const { id, reply } = message;
    if (reply.kind === 'expire') return undefined;
    const { w, a, t } = reply.token;
    const at = w.indexOf(SEPARATOR);
    const token = { w: w.slice(0, at), a, t };
    return at > 0 && w.slice(at + 1) === signatureOf(id, reply.kind, token)
      ? { id, reply: { ...reply, token } }
      : undefined;
  },
};

/**
 * Reads all commands and replies, and publishes replies of its own: forged ones, and the replies of validators once more, at any later
 * time. It has no key.
 */
export class Adversary {
  /** Number of published replies, by kind. */
  readonly published = { forged: 0, replayed: 0 };
  private readonly simulator: Simulator;
  private readonly rng: Rng;
  private readonly commands: OutgoingCommand<Order>[] = [];
  private readonly replies: ReplyMessage[] = [];

  constructor(simulator: Simulator, rng: Rng, broker: SimBroker) {
    this.simulator = simulator;
    this.rng = rng;
    broker.signer = SIGNER;
    broker.onCommands = (message) => this.commands.push(...message);
    broker.onReply = (message) => this.replies.push(...message);
  }

  /** Schedules messages: most of them until `end`, and some up to hours later. */
  plan(messages: number, end: number, broker: SimBroker): void {
    const { rng, simulator } = this;
    for (let i = 0; i < messages; i++) {
      const at = rng.chance(0.8) ? rng.next() * end : rng.logUniform(SECOND, 3 * HOUR);
      simulator.schedule(at, () => {
        const message = Array.from({ length: rng.int(1, MAX_REPLIES) }, () => this.next()).filter(
          (reply) => reply !== undefined,
        );
        if (message.length === 0) return;
        simulator.trace('adversary', 'publishes', message.map(({ id, reply }) => `${reply.kind} ${id}`).join(', '));
        broker.publish(message);
      });
    }
  }

  private next(): ReplyMessage | undefined {
    const { rng } = this;
    if (this.replies.length > 0 && rng.chance(0.5)) {
      this.published.replayed++;
      return rng.pick(this.replies);
    }
    if (this.commands.length === 0) return undefined;
    this.published.forged++;
    return this.forge();
  }

  /** A reply with a token of its own, or with that of another order, channel, attempt or time. */
  private forge(): ReplyMessage {
    const { rng } = this;
    const { channel, token, document } = rng.pick(this.commands);
    const { id } = document;
    const other = rng.pick(this.commands).document.id;
    const [to, as, forged] = rng.pick<readonly [string, string, Token]>([
      [id, channel, { w: 'mallory', a: 1, t: 0 }],
      [other === id ? `${id}-other` : other, channel, token],
      [id, rng.pick(CHANNELS.filter((each) => each !== channel)), token],
      [id, channel, { ...token, a: token.a + 1_000 }],
      [id, channel, { ...token, t: token.t + HOUR }],
    ]);
    const reply: OrderReply =
      as === 'announce'
        ? { kind: 'announce', token: forged }
        : { kind: as as Validation, ok: true, token: forged, by: `${FORGED}-${this.published.forged}` };
    return { id: to, reply };
  }
}
