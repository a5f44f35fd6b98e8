import type { DeadLetterBroker } from './broker.ts';
import { connectKafka } from './kafka.ts';
import { connectRedis } from './redis.ts';

/** Connects to redis://[:PASSWORD@]HOST:PORT or kafka://HOST:PORT. */
export function connectBroker(url: string): Promise<DeadLetterBroker> {
  const { protocol } = new URL(url);
  if (protocol === 'kafka:') return connectKafka(url);
  if (protocol === 'redis:' || protocol === 'rediss:') return connectRedis(url);
  throw new Error(`${protocol} is neither redis: nor kafka:`);
}
