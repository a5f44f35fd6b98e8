import { TOPICS } from '@standing-order/contracts';
import { Documents } from '@standing-order/loadtest/documents';
import { createEntities } from '@standing-order/loadtest/entities';
import { runGenerator } from '@standing-order/loadtest/generator';
import { sumOf } from '@standing-order/loadtest/metrics';
import { type BrokerKind, findPortBase, type Platform, startPlatform } from '@standing-order/local';
import { poll } from '@standing-order/testing/poll';
import { getMetrics } from '../support/client.ts';
import { garbageOf } from '../support/garbage.ts';
import { connectRedis } from '../support/redis.ts';
import type { Containment } from './containment.ts';
import { type Publisher, startPublisher, withoutPublishingScopes } from './publisher.ts';

export interface MemoryOptions {
  readonly broker: BrokerKind;
  /** Number of orders that are PENDING at the same time. */
  readonly pending: number;
  /** MiB of garbage on all topics together. */
  readonly garbageMib: number;
  /** KiB of one large message of it. */
  readonly messageKib: number;
  readonly dataDir: string;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

/** Peak resident bytes by process. */
export type Peaks = Readonly<Record<string, number>>;

export interface MemoryResult {
  readonly phases: Readonly<Record<string, Peaks>>;
  /** Processes that ended by themselves. Each was started again, as Kubernetes does. */
  readonly ended: readonly string[];
  readonly undecided: number;
  readonly drainSeconds: number;
}

const TAKING_SECONDS = 240;
const DRAIN_MS = 300_000;
const QUIET_MS = 5_000;
/** The pod of the order service. */
const ORDER = ['order-1', 'order-1-dapr'];

/** Takes orders that cannot be decided, starts the order service again, fills all topics with garbage, and lets all drain. */
export async function measureMemory(options: MemoryOptions, containment: Containment): Promise<MemoryResult> {
  const { broker, dataDir, signal, onProgress } = options;
  const ended: string[] = [];
  let platform: Platform | undefined;
  const restart = async (process: string) => {
    ended.push(process);
    onProgress(`${process} ended by itself and is started again`);
    await platform?.start(process).catch((error: unknown) => onProgress(String(error)));
  };
  platform = await startPlatform({
    broker,
    dataDir,
    signal,
    clean: true,
    portBase: await findPortBase(),
    replicas: { notification: 1 },
    program: containment.contain,
    resources: (resources) => resources.map(withoutPublishingScopes),
    onProgress: (line) => {
      const [, process] = /^(\S+) ended by itself/.exec(line) ?? [];
      if (process !== undefined) void restart(process);
    },
  });
  const publisher = await startPublisher(platform, broker);
  const redis = await connectRedis(platform.stores.state);
  try {
    const run = new MemoryRun(options, containment, platform, new Documents(redis), publisher);
    return { ...(await run.phases()), ended };
  } finally {
    redis.destroy();
    await publisher.close();
    await platform.close();
  }
}

class MemoryRun {
  readonly #options: MemoryOptions;
  readonly #containment: Containment;
  readonly #platform: Platform;
  readonly #documents: Documents;
  readonly #publisher: Publisher;
  readonly #phases: Record<string, Peaks> = {};

  constructor(
    options: MemoryOptions,
    containment: Containment,
    platform: Platform,
    documents: Documents,
    publisher: Publisher,
  ) {
    this.#options = options;
    this.#containment = containment;
    this.#platform = platform;
    this.#documents = documents;
    this.#publisher = publisher;
  }

  async phases(): Promise<Omit<MemoryResult, 'ended'>> {
    const { pending, signal } = this.#options;
    const [consumer, restaurant] = [this.#url('consumer'), this.#url('restaurant')];
    await createEntities({ consumer, restaurant });
    await this.#platform.kill('consumer-1');
    this.#end('start');

    const ids = await this.#take();
    this.#end('taking');

    for (const process of ORDER) await this.#platform.kill(process);
    for (const process of ORDER) await this.#platform.start(process);
    await poll(
      'the order service has read its backlog',
      () => this.#open(),
      (open) => open >= pending,
      120_000,
    );
    this.#end('after a restart');

    const publishing = this.#publishGarbage();
    await this.#platform.start('consumer-1');
    const from = performance.now();
    await publishing;
    await this.#documents.untilDecided(ids, DRAIN_MS, signal);
    const drainSeconds = (performance.now() - from) / 1000;
    await this.#untilQuiet();
    this.#end('draining, with garbage');
    const undecided = await this.#documents.undecided(ids);
    return { phases: this.#phases, undecided, drainSeconds };
  }

  #url(service: keyof Platform['urls']): string {
    return this.#platform.urls[service][0] as string;
  }

  #end(phase: string): void {
    const peaks = this.#containment.peaks(this.#platform);
    this.#phases[phase] = peaks;
    const texts = Object.entries(peaks).map(([process, bytes]) => `${process} ${Math.round(bytes / 2 ** 20)} MiB`);
    this.#options.onProgress(`${phase}: ${texts.join(', ')}`);
  }

  async #take(): Promise<readonly string[]> {
    const { ids, result } = await runGenerator({
      target: { by: 'http', urls: [this.#url('order')] },
      loop: { kind: 'closed', concurrency: 256 },
      warmupSeconds: 0,
      seconds: TAKING_SECONDS,
      maxRequests: this.#options.pending,
      maxInFlight: 4_000,
      timeoutMs: 15_000,
    });
    this.#options.onProgress(`${ids.length} orders taken; other answers: ${JSON.stringify(result.others)}`);
    return ids;
  }

  /** Fills every topic in turns. */
  async #publishGarbage(): Promise<void> {
    const { garbageMib, messageKib } = this.#options;
    const topics = Object.keys(TOPICS);
    let left = garbageMib * 2 ** 20;
    for (let n = 0; left > 0; n++) {
      const messages = Object.values(garbageOf(`garbage-${n}`, messageKib * 2 ** 10));
      await Promise.all(topics.flatMap((topic) => messages.map((message) => this.#publisher.publish(topic, message))));
      left -= topics.length * messages.reduce((sum, { length }) => sum + length, 0);
    }
    this.#options.onProgress('garbage published');
  }

  async #metric(service: keyof Platform['urls'], name: string): Promise<number> {
    return sumOf(await getMetrics(this.#url(service)), name);
  }

  #open = (): Promise<number> => this.#metric('order', 'outbox_open').catch(() => 0);

  /** Resolves when no service receives a message any more. */
  async #untilQuiet(): Promise<void> {
    const { signal } = this.#options;
    const received = async () => {
      const services = ['order', 'consumer', 'restaurant', 'notification'] as const;
      const counts = services.map((service) =>
        this.#metric(service, 'messaging_client_consumed_messages_total').catch(() => -1),
      );
      return (await Promise.all(counts)).join();
    };
    let last = '';
    let since = performance.now();
    await poll(
      'no message is received any more',
      received,
      (counts) => {
        if (counts !== last) since = performance.now();
        last = counts;
        return performance.now() - since > QUIET_MS || signal.aborted;
      },
      DRAIN_MS,
    );
    signal.throwIfAborted();
  }
}
