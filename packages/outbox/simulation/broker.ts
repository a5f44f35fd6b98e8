import type { OutgoingCommand, Transport } from '../src/ports.ts';
import type { Answer, Order, Validation } from './business.ts';
import type { Process } from './process.ts';
import type { Rng } from './random.ts';
import type { Weather } from './weather.ts';
import type { World } from './world.ts';

export interface Reply {
  readonly id: string;
  readonly reply: Answer;
}

/** One that takes replies: the outbox of a replica. */
export interface Handler {
  readonly process: Process;
  /** Rejects when it could not record them. */
  record(replies: readonly Reply[]): Promise<unknown>;
}

interface Delivery {
  readonly replies: readonly Reply[];
  attempt: number;
  settled: boolean;
}

/** Fetched by a replica and not acknowledged for this long: given to another one. */
const RECLAIM_AFTER = 60_000;
const RETRIES = 4;
const GATHER = 20;

/** Brings commands to the validators and their replies to any replica, as well as the weather allows. */
export class SimBroker {
  /** Told of every command that leaves a process, before anything can happen to it. */
  onSend: (process: Process, batch: readonly OutgoingCommand<Order>[]) => void = () => {};
  private readonly world: World;
  private readonly rng: Rng;
  private readonly weather: Weather;
  private readonly handlers: () => readonly Handler[];
  private parked: { readonly channel: string; readonly command: OutgoingCommand<Order> }[] = [];
  private replies: Reply[] = [];
  private gathering = false;
  private wiped = 0;
  private answers = 0;

  constructor(world: World, rng: Rng, weather: Weather, handlers: () => readonly Handler[]) {
    this.world = world;
    this.rng = rng;
    this.weather = weather;
    this.handlers = handlers;
  }

  /** The way out as one process has it. */
  transport(process: Process): Transport<Order> {
    return {
      send: (batch) =>
        new Promise((resolve) => {
          const held = process.request('send');
          const sent = JSON.parse(JSON.stringify(batch)) as OutgoingCommand<Order>[];
          this.onSend(process, sent);
          const leave = () =>
            this.world.schedule(this.rng.int(1, 5), () => {
              const taken = sent.map((command) => this.take(command));
              process.answer('send', this.rng.int(1, 5), () => resolve(taken));
            });
          if (held > 0) process.deliver(held, leave);
          else leave();
        }),
    };
  }

  /** Everything that is in the broker is gone. */
  wipe(): void {
    this.world.trace('broker', 'wiped', `${this.parked.length} commands and ${this.replies.length} replies waiting`);
    this.wiped++;
    this.parked = [];
    this.replies = [];
  }

  /** Lets waiting messages go on; to be called whenever a validator or a replica has come up. */
  release(): void {
    const parked = this.parked;
    this.parked = [];
    for (const { command } of parked) this.later(this.rng.int(1, 500), () => this.validate(command));
    this.gather();
  }

  private take(command: OutgoingCommand<Order>): boolean {
    if (this.weather.broker === 'down') return false;
    this.enqueue(() => this.validate(command), `${command.channel} ${command.document.id}`);
    return !this.rng.chance(this.weather.answerLost);
  }

  private enqueue(arrive: () => void, what: string): void {
    const { rng, weather } = this;
    if (rng.chance(weather.dropped)) {
      this.world.trace('broker', 'dropped', what);
      return;
    }
    const copies = rng.chance(weather.doubled) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      this.later(rng.chance(weather.delayed) ? rng.span(50, Math.max(100, weather.delayUpTo)) : rng.int(1, 10), arrive);
    }
  }

  private later(delay: number, arrive: () => void): void {
    const { wiped } = this;
    this.world.schedule(delay, () => {
      if (this.wiped === wiped) arrive();
    });
  }

  private validate(command: OutgoingCommand<Order>): void {
    const { rng } = this;
    const { channel, document, token } = command;
    const validator = this.weather.validators.get(channel);
    if (validator === undefined) throw new Error(`a command on the unknown channel ${channel}`);
    if (validator.state === 'down') this.parked.push({ channel, command });
    if (validator.state !== 'up' || rng.chance(validator.failing)) return;
    this.later(1 + rng.next() * validator.takes, () => {
      const reply: Answer =
        channel === 'announce'
          ? { kind: 'announce', token }
          : { kind: channel as Validation, ok: rng.chance(0.8), token, by: `${channel}-${++this.answers}` };
      this.reply({ id: document.id, reply });
    });
  }

  private reply(reply: Reply): void {
    if (this.weather.broker === 'down') {
      // The validator does not acknowledge its command while it cannot reply, and does it all again.
      this.later(this.rng.int(1000, 5000), () => this.reply(reply));
      return;
    }
    this.enqueue(() => {
      this.replies.push(reply);
      this.gather();
    }, `reply ${reply.id}`);
  }

  private gather(): void {
    if (this.gathering || this.replies.length === 0) return;
    this.gathering = true;
    this.world.schedule(GATHER, () => {
      this.gathering = false;
      const handlers = this.handlers();
      if (handlers.length === 0 || this.weather.broker === 'down') return;
      const replies = this.rng.shuffle(this.replies);
      this.replies = [];
      while (replies.length > 0) {
        this.hand(
          { replies: replies.splice(0, this.rng.int(1, 16)), attempt: 0, settled: false },
          this.rng.pick(handlers),
        );
      }
    });
  }

  /** Gives a batch to one replica; what it does not acknowledge in time comes back and goes to another. */
  private hand(delivery: Delivery, handler: Handler): void {
    this.attempt(delivery, handler);
    this.later(RECLAIM_AFTER, () => {
      if (delivery.settled) return;
      delivery.settled = true;
      this.replies.push(...delivery.replies);
      this.gather();
    });
  }

  private attempt(delivery: Delivery, handler: Handler): void {
    delivery.attempt++;
    handler.process.deliver(this.rng.int(1, 5), () => {
      handler.record(delivery.replies).then(
        () => {
          delivery.settled = true;
        },
        () => this.retry(delivery, handler),
      );
    });
  }

  private retry(delivery: Delivery, handler: Handler): void {
    if (delivery.settled) return;
    if (delivery.attempt > RETRIES) {
      delivery.settled = true;
      this.world.trace('broker', 'dead', delivery.replies.map(({ id, reply }) => `${reply.kind} ${id}`).join(', '));
      return;
    }
    this.later(this.rng.int(500, 1000) * 2 ** delivery.attempt, () => {
      if (!delivery.settled) this.attempt(delivery, handler);
    });
  }
}
