/** Processor time of one call: a constant part, and a part for each item. Microseconds. */
export interface Cost {
  readonly call: number;
  readonly item: number;
}

/** Microseconds of a call with `items`. */
export const costOf = ({ call, item }: Cost, items: number): number => call + item * items;

/**
 * Calls to the sidecar. From the table of ADR 0081, which has the processor time of one item and of 64 or 128 items, in
 * Node and in the sidecar, on Redis: `item` is the slope. Node: the column "unary calls on node:http2", and 20 µs more per
 * call for the transport. One write was not measured; its `call` is that of a transaction.
 */
export const CALLS = {
  transact: { node: { call: 118, item: 10.8 }, sidecar: { call: 132, item: 10 } },
  read: { node: { call: 104, item: 8.8 }, sidecar: { call: 89, item: 28.6 } },
  write: { node: { call: 118, item: 13.4 }, sidecar: { call: 132, item: 31.3 } },
  remove: { node: { call: 118, item: 0 }, sidecar: { call: 132, item: 0 } },
  publish: { node: { call: 110, item: 13.2 }, sidecar: { call: 119, item: 0 } },
} as const satisfies Readonly<Record<string, { readonly node: Cost; readonly sidecar: Cost }>>;

/**
 * A batch message in a sidecar, which publishes it or delivers it: half of 172 µs per message and 16 µs per entry. From the
 * prototype behind ADR 0078: batches of 1, 32 and 128 commands over gRPC took 188, 23 and 18 µs per command.
 */
export const MESSAGE_IN_SIDECAR: Cost = { call: 86, item: 8 };

/** A batch message in a Redis broker, published and delivered. From the same prototype: 83, 4 and 3 µs per command. */
export const MESSAGE_IN_REDIS: Cost = { call: 80, item: 2.5 };

/**
 * One document in Redis as a state store. A write: 38.6 µs of Redis per order at intake alone, where an order is one write
 * (docs/benchmark.md). A read or a deletion is one command: 118 µs for 12.9 commands per order, end to end (closed loop, 2026-11-28).
 */
export const DOCUMENT_IN_REDIS = { write: 38.6, read: 9.2, remove: 9.2 };

/**
 * Node beside the calls above. A request: 165 µs of the order service per order at intake alone (ADR 0081), less a
 * document in a transaction. A command and a reply: the rest of the 340 µs per order end to end (closed loop, 2026-11-28), of
 * which a fifth is put on sending. A validated command: the 85 and 98 µs per order of the validators in the same run.
 */
export const NODE = {
  request: 150,
  command: 15,
  reply: { call: 100, item: 66 },
  validation: {
    consumer: { call: 100, item: 66 },
    details: { call: 100, item: 80 },
  },
} as const;

/** Entities that the orders of the benchmark are spread over. A validator reads each entity of a message once. */
export const ENTITIES = { consumer: 64, details: 16 } as const;

/** Entries in one message: 32 KiB of orders with two lines (ADR 0078). */
export const MAX_ENTRIES = 70;

/** Milliseconds, assumed: one way between a sidecar and a store or a broker, and until Kafka has a message on disk. */
export const ASSUMED_MS = { hop: 0.2, kafka: 2 };
