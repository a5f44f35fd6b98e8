import '@standing-order/service-kit/telemetry/start';
import { messageSchema, TOPICS } from '@standing-order/contracts';
import { decide } from '@standing-order/order/domain/decide';
import { type Order, parseOrder } from '@standing-order/order/domain/order';
import { toOrderInput } from '@standing-order/order/messaging/replies';
import { createApp } from '@standing-order/service-kit/http';
import { runService } from '@standing-order/service-kit/runtime';
import { logger } from '@standing-order/service-kit/telemetry';
import { Hono } from 'hono';
import { createClient, type RedisClientType } from 'redis';
import { acknowledgeOrders } from './acknowledge-orders.ts';
import { commandsOf } from './commands.ts';

const env = process.env;
const port = Number(env.PORT);
const socket = { host: '127.0.0.1', port: Number(env.REDIS_PORT) };

// The formats of Dapr's Redis components, so that the same validators and the same benchmark read them.
const keyOf = (id: string) => `order||o:${id}`;
const TRIM = { TRIM: { strategy: 'MAXLEN', strategyModifier: '~', threshold: 50_000 } } as const;

/** Replaces an order only if its version is the one that was read; several replicas can record replies. */
const COMPARE_AND_SET = `
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'data', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'version', 1)
return 1`;

const replies = TOPICS['order-replies'].name;
const replySchema = messageSchema(TOPICS['order-replies'].types);
const GROUP = { name: 'order', consumer: 'order-1' };
const BATCH = 128;
const BLOCK_MS = 1_000;
const ATTEMPTS = 10;

interface Entry {
  readonly id: string;
  readonly message: Readonly<Record<string, string>>;
}

function connect(): RedisClientType {
  const client: RedisClientType = createClient({ socket });
  client.on('error', (error) => logger.error(error, 'Redis connection failed'));
  return client;
}

const writer = connect();
const reader = connect();

const app = env.BARE === 'yes' ? bareApp() : createApp({ readiness: () => ({ ready: writer.isReady, reasons: [] }) });

function bareApp(): Hono {
  const bare = new Hono();
  bare.get('/healthz', (c) => c.text('ok'));
  bare.get('/readyz', (c) => c.text('ok'));
  return bare;
}

acknowledgeOrders(app, async (order) => {
  const transaction = writer.multi().hSet(keyOf(order.id), { data: JSON.stringify(order), version: '1' });
  for (const { topic, publication } of await commandsOf(order)) {
    transaction.xAdd(topic, '*', { data: JSON.stringify(publication.event) }, TRIM);
  }
  await transaction.exec();
  return true;
});

/** Records a batch of replies: reads all orders at once, writes all at once, and repeats those with a conflict. */
async function record(entries: readonly Entry[]): Promise<void> {
  let remaining = Map.groupBy(
    entries.map(({ message }) => replySchema.parse(JSON.parse(message.data ?? ''))),
    ({ data }) => data.orderId,
  );
  for (let attempt = 0; remaining.size > 0; attempt++) {
    if (attempt === ATTEMPTS) throw new Error('replies could not be recorded');
    const ids = [...remaining.keys()];
    const stored = await Promise.all(ids.map((id) => writer.hmGet(keyOf(id), ['data', 'version'])));
    const written = await Promise.all(
      ids.map(async (id, i) => {
        const [data, version] = stored[i] ?? [];
        if (data == null || version == null) return true;
        const before = parseOrder(JSON.parse(data));
        let after: Order = before;
        for (const reply of remaining.get(id) ?? []) {
          const decision = decide(after, toOrderInput(reply, reply.data.token), Date.now());
          if ('document' in decision) after = decision.document;
        }
        if (after === before) return true;
        return (
          (await writer.eval(COMPARE_AND_SET, { keys: [keyOf(id)], arguments: [version, JSON.stringify(after)] })) === 1
        );
      }),
    );
    remaining = new Map([...remaining].filter((_, i) => written[i] === false));
  }
}

/** A sidecar of this data directory may have created the group already. */
async function createGroup(): Promise<void> {
  try {
    await writer.xGroupCreate(replies, GROUP.name, '0', { MKSTREAM: true });
  } catch (error) {
    if (!String(error).includes('BUSYGROUP')) throw error;
  }
}

async function readReplies(signal: AbortSignal): Promise<void> {
  const from = [{ key: replies, id: '>' }];
  const options = { COUNT: BATCH, BLOCK: BLOCK_MS };
  while (!signal.aborted) {
    const streams = (await reader.xReadGroup(GROUP.name, GROUP.consumer, from, options)) as
      | { messages: Entry[] }[]
      | null;
    const entries = streams?.[0]?.messages ?? [];
    if (entries.length === 0) continue;
    await record(entries);
    await writer.xAck(
      replies,
      GROUP.name,
      entries.map(({ id }) => id),
    );
  }
}

runService({
  app,
  host: '127.0.0.1',
  port,
  start: async (signal) => {
    await Promise.all([writer.connect(), reader.connect()]);
    await createGroup();
    readReplies(signal).catch((error: unknown) => {
      logger.error(error, 'reading replies failed, exiting');
      process.exit(1);
    });
  },
});
