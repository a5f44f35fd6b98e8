import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LOOPBACK } from '../ports.ts';
import type { Probe } from '../wait.ts';
import { inheritedEnv, type ProcessSpec } from './spec.ts';
import { answersTcp } from './tcp-probe.ts';

export interface RedisOptions {
  readonly name: string;
  readonly binary: string;
  readonly port: number;
  readonly dataDir: string;
  /** `always`: acknowledged writes are on disk. `everysec`: a power cut loses up to a second, a kill no write. */
  readonly appendfsync: 'always' | 'everysec';
  /** Largest value that it accepts; default: that of Redis, 512 MB. */
  readonly maxValue?: string;
}

/** A Redis server with an append-only file; a full server refuses writes instead of evicting keys. */
export function redisProcess({ name, binary, port, dataDir, appendfsync, maxValue }: RedisOptions): ProcessSpec {
  const dir = join(dataDir, name);
  const settings = {
    port,
    bind: LOOPBACK,
    dir,
    daemonize: 'no',
    save: '',
    appendonly: 'yes',
    appendfsync,
    'maxmemory-policy': 'noeviction',
    ...(maxValue !== undefined && { 'proto-max-bulk-len': maxValue }),
  };
  return {
    name,
    kind: 'store',
    ports: [port],
    program: {
      file: binary,
      args: Object.entries(settings).flatMap(([key, value]) => [`--${key}`, String(value)]),
      env: inheritedEnv(),
    },
    prepare: async () => void (await mkdir(dir, { recursive: true, mode: 0o700 })),
    alive: answersPing(port),
    ready: answersPing(port),
    stopSignal: 'SIGTERM',
    stopDeadlineMs: 10_000,
  };
}

/** Redis answers PONG only after it has loaded its data. */
const answersPing = (port: number): Probe =>
  answersTcp(port, 'PING\r\n', (response) => {
    const text = response.toString('latin1').trim();
    return text === '+PONG' ? undefined : `PING answered ${text}`;
  });
