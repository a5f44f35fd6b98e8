import { packEntries } from '../src/packing.ts';
import type { OutgoingCommand, Transport } from '../src/ports.ts';
import { hash } from '../src/util/hash.ts';
import type { FaultRates, ValidatorFaults } from './fault-rates.ts';
import type { Order, OrderReply, Validation } from './order-handler.ts';
import type { Process } from './process.ts';
import type { Rng } from './random.ts';
import type { Simulator } from './simulator.ts';

/** A reply on its way to a replica. */
export interface ReplyMessage {
  readonly id: string;
  readonly reply: OrderReply;
}

/** Receives replies: the outbox of a replica. */
export interface ReplyHandler {
  readonly process: Process;
  /** Rejects when it could not record them. */
  record(replies: readonly ReplyMessage[]): Promise<unknown>;
}

/** Binds the token of a command to its order and channel, as the order service does. */
export interface Signer {
  sign(command: OutgoingCommand<Order>): OutgoingCommand<Order>;
  /** The reply with the token that the outbox has sent. */
  verify(reply: ReplyMessage): ReplyMessage | undefined;
}

/** How commands are packed into messages. */
export interface Batching {
  /** Number of groups of lanes whose commands share messages, as the partitions of a broker. */
  readonly groups: number;
  /** Maximum number of commands in one message. */
  readonly maxEntries: number;
}

/** A message with the commands about one or more orders, on one channel. */
type CommandMessage = readonly OutgoingCommand<Order>[];

interface ReplyDelivery {
  readonly replies: readonly ReplyMessage[];
  attempt: number;
  finished: boolean;
}

/** A batch that a replica received and did not acknowledge for this long is delivered to another replica. */
const RECLAIM_AFTER = 60_000;
const RETRIES = 4;
const GATHER_MS = 20;
/** Maximum number of messages that carry the replies to the commands of one message. */
const MAX_PARTS = 3;

/**
 * Delivers commands to the validators and their replies to any replica, subject to the fault rates. One message carries many
 * commands or replies: they are lost, doubled and delayed together. Single ones of them are lost, reordered and split up.
 */
export class SimBroker {
  /** Called with every command that leaves a process, before any fault can affect it. */
  onSend: (process: Process, batch: readonly OutgoingCommand<Order>[]) => void = () => {};
  /** Called with every message of commands that arrives, and of replies that a validator sends. */
  onCommands: (message: readonly OutgoingCommand<Order>[]) => void = () => {};
  onReply: (message: readonly ReplyMessage[]) => void = () => {};
  /** Signs the token of each command, and verifies that of each reply: undefined if it is forged. Default: no signatures. */
  signer: Signer = { sign: (command) => command, verify: (reply) => reply };
  private readonly simulator: Simulator;
  private readonly rng: Rng;
  private readonly rates: FaultRates;
  private readonly handlers: () => readonly ReplyHandler[];
  private readonly batching: Batching;
  private parked: CommandMessage[] = [];
  private replies: (readonly ReplyMessage[])[] = [];
  private gathering = false;
  private wiped = 0;
  private verdicts = 0;

  constructor(
    simulator: Simulator,
    rng: Rng,
    rates: FaultRates,
    batching: Batching,
    handlers: () => readonly ReplyHandler[],
  ) {
    this.simulator = simulator;
    this.batching = batching;
    this.rng = rng;
    this.rates = rates;
    this.handlers = handlers;
  }

  /** The transport of one process. */
  transport(process: Process): Transport<Order> {
    return {
      send: (batch) =>
        new Promise((resolve) => {
          const held = process.request('send');
          const sent = JSON.parse(JSON.stringify(batch)) as OutgoingCommand<Order>[];
          this.onSend(process, sent);
          const signed = sent.map((command) => this.signer.sign(command));
          const leave = () =>
            this.simulator.schedule(this.rng.int(1, 5), () => {
              const accepted = new Set(this.pack(signed).flatMap((message) => (this.accept(message) ? message : [])));
              const taken = signed.map((command) => accepted.has(command));
              process.respond('send', this.rng.int(1, 5), () => resolve(taken));
            });
          if (held > 0) process.deliver(held, leave);
          else leave();
        }),
    };
  }

  /** The lanes of one group share messages. */
  groupOf(lane: number): string {
    return String(lane % this.batching.groups);
  }

  /** Deletes every message in the broker. */
  wipe(): void {
    this.simulator.trace(
      'broker',
      'wiped',
      `${this.parked.length} commands and ${this.replies.length} replies waiting`,
    );
    this.wiped++;
    this.parked = [];
    this.replies = [];
  }

  /** Delivers waiting messages. To be called whenever a validator or a replica has started. */
  release(): void {
    const parked = this.parked;
    this.parked = [];
    for (const message of parked) this.later(this.rng.int(1, 500), () => this.validate(message));
    this.gather();
  }

  /** Publishes a message of replies that no validator has sent. */
  publish(message: readonly ReplyMessage[]): void {
    if (this.rates.broker === 'down') return;
    this.replies.push(message);
    this.gather();
  }

  private pack(commands: readonly OutgoingCommand<Order>[]): CommandMessage[] {
    const { maxEntries } = this.batching;
    return packEntries(commands, {
      groupOf: ({ channel, lane }) => `${channel} ${this.groupOf(lane)}`,
      isAlone: ({ alone }) => alone,
      bytesOf: () => 1,
      maxEntries,
      maxBytes: Number.POSITIVE_INFINITY,
    });
  }

  private accept(message: CommandMessage): boolean {
    if (this.rates.broker === 'down') return false;
    this.onCommands(message);
    this.enqueue(() => this.validate(message), message.map(nameOf).join(', '));
    return !this.rng.chance(this.rates.resultLost);
  }

  private enqueue(arrive: () => void, what: string): void {
    const { rng, rates } = this;
    if (rng.chance(rates.dropped)) {
      this.simulator.trace('broker', 'dropped', what);
      return;
    }
    const copies = rng.chance(rates.doubled) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      this.later(
        rng.chance(rates.delayed) ? rng.logUniform(50, Math.max(100, rates.delayUpTo)) : rng.int(1, 10),
        arrive,
      );
    }
  }

  private later(delay: number, arrive: () => void): void {
    const { wiped } = this;
    this.simulator.schedule(delay, () => {
      if (this.wiped === wiped) arrive();
    });
  }

  private validate(message: CommandMessage): void {
    const channel = message[0]?.channel ?? '';
    const validator = this.rates.validators.get(channel);
    if (validator === undefined) throw new Error(`a command on the unknown channel ${channel}`);
    const isUp = ({ lane }: OutgoingCommand<Order>) =>
      validator.state === 'up' || validator.lanes?.includes(lane) === false;
    const waiting = message.filter((command) => !isUp(command));
    if (validator.state === 'down' && waiting.length > 0) this.parked.push(waiting);
    this.handle(message.filter(isUp), validator);
  }

  /** A handler that dies on one command does so at every delivery of its message, and replies to none of them. */
  private handle(commands: CommandMessage, validator: ValidatorFaults): void {
    const { rng, simulator } = this;
    if (commands.length > 1 && rng.chance(validator.oldVersion)) {
      simulator.trace('broker', 'unreadable', commands.map(nameOf).join(', '));
      return;
    }
    const poison = commands.find(({ document }) => hash(document.id) % 100 < validator.poison);
    if (poison !== undefined) {
      simulator.trace('broker', 'poison', `${nameOf(poison)} and ${commands.length - 1} others`);
      return;
    }
    const { doubled } = this.rates;
    const answered = rng.shuffle(
      commands
        .filter(() => !rng.chance(validator.dropRate))
        .flatMap((command) => (doubled > 0 && rng.chance(doubled) ? [command, command] : [command])),
    );
    const parts = answered.length < 2 ? 1 : rng.int(1, MAX_PARTS);
    for (let part = 0; part < parts; part++) {
      const own = answered.filter((_, index) => index % parts === part);
      if (own.length === 0) continue;
      this.later(1 + rng.next() * validator.maxDelay, () => this.reply(own.map((command) => this.replyTo(command))));
    }
  }

  private replyTo({ channel, document, token }: OutgoingCommand<Order>): ReplyMessage {
    const reply: OrderReply =
      channel === 'announce'
        ? { kind: 'announce', token, about: document.nonce }
        : {
            kind: channel as Validation,
            ok: this.rng.chance(0.8),
            token,
            by: `${channel}-${++this.verdicts}`,
            about: document.nonce,
          };
    return { id: document.id, reply };
  }

  private reply(message: readonly ReplyMessage[]): void {
    this.onReply(message);
    if (this.rates.broker === 'down') {
      // A validator that cannot reply does not acknowledge its commands, and processes them again.
      this.later(this.rng.int(1000, 5000), () => this.reply(message));
      return;
    }
    this.enqueue(
      () => {
        if (message.length > 1 && this.rng.chance(this.rates.oldVersion)) return;
        this.replies.push(message);
        this.gather();
      },
      message.map(({ id }) => `reply ${id}`).join(', '),
    );
  }

  private gather(): void {
    if (this.gathering || this.replies.length === 0) return;
    this.gathering = true;
    this.simulator.schedule(GATHER_MS, () => {
      this.gathering = false;
      const handlers = this.handlers();
      if (handlers.length === 0 || this.rates.broker === 'down') return;
      const replies = this.rng.shuffle(this.replies);
      this.replies = [];
      while (replies.length > 0) {
        this.deliver(
          { replies: replies.splice(0, this.rng.int(1, 16)).flat(), attempt: 0, finished: false },
          this.rng.pick(handlers),
        );
      }
    });
  }

  /** Delivers a batch to one replica. A batch that is not acknowledged in time is delivered to another replica. */
  private deliver(delivery: ReplyDelivery, handler: ReplyHandler): void {
    this.attempt(delivery, handler);
    this.later(RECLAIM_AFTER, () => {
      if (delivery.finished) return;
      delivery.finished = true;
      this.replies.push(delivery.replies);
      this.gather();
    });
  }

  private attempt(delivery: ReplyDelivery, handler: ReplyHandler): void {
    delivery.attempt++;
    handler.process.deliver(this.rng.int(1, 5), () => {
      handler.record(delivery.replies.flatMap((reply) => this.signer.verify(reply) ?? [])).then(
        () => {
          delivery.finished = true;
        },
        () => this.retry(delivery, handler),
      );
    });
  }

  private retry(delivery: ReplyDelivery, handler: ReplyHandler): void {
    if (delivery.finished) return;
    if (delivery.attempt > RETRIES) {
      delivery.finished = true;
      this.simulator.trace('broker', 'dead', delivery.replies.map(({ id, reply }) => `${reply.kind} ${id}`).join(', '));
      return;
    }
    this.later(this.rng.int(500, 1000) * 2 ** delivery.attempt, () => {
      if (!delivery.finished) this.attempt(delivery, handler);
    });
  }
}

const nameOf = ({ channel, document }: OutgoingCommand<Order>): string => `${channel} ${document.id}`;
