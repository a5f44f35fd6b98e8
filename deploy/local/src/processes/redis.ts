import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { loopback } from '../ports.ts';
import type { Probe } from '../wait.ts';
import { inheritedEnv, type ProcessSpec } from './spec.ts';

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
    bind: loopback,
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
function answersPing(port: number): Probe {
  return (signal) =>
    new Promise((resolve, reject) => {
      const socket = connect({ port, host: loopback, signal }, () => socket.write('PING\r\n'));
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('connection closed')));
      socket.once('data', (data) => {
        const answer = data.toString('latin1').trim();
        if (answer === '+PONG') resolve();
        else reject(new Error(`PING answered ${answer}`));
        socket.destroy();
      });
    });
}
