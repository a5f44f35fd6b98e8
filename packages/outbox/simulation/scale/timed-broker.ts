import { packEntries } from '../../src/packing.ts';
import type { OutgoingCommand, Transport } from '../../src/ports.ts';
import { fnv1a } from '../../src/util/hash.ts';
import type { ReplyMessage } from '../broker.ts';
import type { Order, Validation } from '../order-handler.ts';
import type { Simulator } from '../simulator.ts';
import type { Server } from './server.ts';
import {
  ASSUMED_MS,
  CALLS,
  costOf,
  ENTITIES,
  MAX_ENTRIES,
  MESSAGE_IN_REDIS,
  MESSAGE_IN_SIDECAR,
  NODE,
} from './service-times.ts';
import { type Pod, type StoreServers, useSidecar, useStore, wait } from './timed-store.ts';

type Command = OutgoingCommand<Order>;

/** A replica of the order service. */
export interface OrderPod extends Pod {
  record(replies: readonly ReplyMessage[]): Promise<void>;
}

export interface BrokerOptions {
  readonly simulator: Simulator;
  /**
   * Redis: one stream per topic on one server; any replica receives any message, many at a time. Kafka: a partition belongs to
   * one replica, which receives one message of it at a time (ADR 0085). Kafka's own processors are not a limit of the model.
   */
  readonly kind: 'redis' | 'kafka';
  readonly partitions: number;
  readonly server: Server;
  readonly stores: StoreServers;
  readonly orderPods: readonly OrderPod[];
  readonly validators: Readonly<Record<Validation, readonly Pod[]>>;
}

/** The partition of a lane, as Dapr's Kafka component computes it (ADR 0080). */
const partitionOf = (lane: number, partitions: number): number => Math.abs((fnv1a(String(lane)) | 0) % partitions);

/** Carries commands to validators and replies back, without faults. */
export class TimedBroker {
  messages = 0;
  entries = 0;
  private readonly options: BrokerOptions;
  private readonly queues = new Map<string, (() => Promise<void>)[]>();
  private turn = 0;

  constructor(options: BrokerOptions) {
    this.options = options;
  }

  /** The lanes of a partition share messages. */
  groupOf(lane: number): string {
    return String(this.partition(lane));
  }

  transport(pod: Pod): Transport<Order> {
    return {
      send: async (batch) => {
        const messages = this.pack(batch);
        await pod.node.work(NODE.command * batch.length);
        await useSidecar(pod, 'publish', messages.length);
        const published = messages.map((message) =>
          this.publish(
            pod,
            message.length,
            `commands ${message[0]?.channel}`,
            this.partition(message[0]?.lane ?? 0),
            (partition) => this.validate(message, partition),
          ),
        );
        await Promise.all(published);
        return batch.map(() => true);
      },
    };
  }

  private pack(commands: readonly Command[]): Command[][] {
    return packEntries(commands, {
      groupOf: (command) => `${command.channel} ${this.partition(command.lane)}`,
      isAlone: ({ alone }) => alone,
      bytesOf: () => 1,
      maxEntries: MAX_ENTRIES,
      maxBytes: Number.POSITIVE_INFINITY,
    });
  }

  private partition(lane: number): number {
    const { kind, partitions } = this.options;
    return kind === 'redis' ? 0 : partitionOf(lane, partitions);
  }

  /** Resolves when the broker has the message. It is delivered afterwards. */
  private async publish(
    pod: Pod,
    entries: number,
    topic: string,
    partition: number,
    deliver: (partition: number) => Promise<void>,
  ): Promise<void> {
    const { simulator, kind, server } = this.options;
    this.messages++;
    this.entries += entries;
    await pod.sidecar.work(costOf(MESSAGE_IN_SIDECAR, entries));
    await wait(simulator, ASSUMED_MS.hop);
    if (kind === 'redis') {
      await server.work(costOf(MESSAGE_IN_REDIS, entries));
      void deliver(this.turn++);
    } else {
      await wait(simulator, ASSUMED_MS.kafka);
      this.enqueue(`${topic} ${partition}`, () => deliver(partition));
    }
    await wait(simulator, ASSUMED_MS.hop);
  }

  private enqueue(partition: string, deliver: () => Promise<void>): void {
    const queue = this.queues.get(partition) ?? [];
    this.queues.set(partition, queue);
    queue.push(deliver);
    if (queue.length === 1) void this.deliverAll(queue);
  }

  private async deliverAll(queue: (() => Promise<void>)[]): Promise<void> {
    for (let next = queue[0]; next !== undefined; next = queue[0]) {
      await next();
      queue.shift();
    }
  }

  private async validate(message: readonly Command[], partition: number): Promise<void> {
    const { validators, stores } = this.options;
    const channel = message[0]?.channel as Validation;
    const pod = podOf(validators[channel], partition);
    const { length } = message;
    await pod.sidecar.work(costOf(MESSAGE_IN_SIDECAR, length));
    await pod.node.work(costOf(NODE.validation[channel], length));
    const entities = distinct(length, ENTITIES[channel]);
    await useSidecar(pod, 'read', entities);
    const first = this.turn++;
    await useStore(
      stores,
      Array.from({ length: entities }, (_, i) => `${channel} ${(first + i) % ENTITIES[channel]}`),
      'read',
    );
    const replies = message.map(
      ({ token, document }): ReplyMessage => ({
        id: document.id,
        reply: { kind: channel, ok: true, token, by: channel },
      }),
    );
    await pod.node.work(costOf(CALLS.publish.node, 1));
    await pod.sidecar.work(CALLS.publish.sidecar.call);
    await this.publish(pod, length, 'replies', partition, (at) => this.reply(replies, at));
  }

  private async reply(replies: readonly ReplyMessage[], partition: number): Promise<void> {
    const pod = podOf(this.options.orderPods, partition);
    await pod.sidecar.work(costOf(MESSAGE_IN_SIDECAR, replies.length));
    await pod.node.work(costOf(NODE.reply, replies.length));
    await pod.record(replies);
  }
}

function podOf<P>(pods: readonly P[], partition: number): P {
  const pod = pods[partition % pods.length];
  if (pod === undefined) throw new Error('no pod receives messages');
  return pod;
}

/** Expected number of different entities among `count` draws. */
const distinct = (count: number, entities: number): number => Math.round(entities * (1 - (1 - 1 / entities) ** count));
