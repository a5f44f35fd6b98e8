import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { LOOPBACK } from '../ports.ts';
import type { Probe } from '../wait.ts';
import { inheritedEnv, type ProcessSpec, type Program } from './spec.ts';
import { answersTcp } from './tcp-probe.ts';

const run = promisify(execFile);

/** The user of the state store's connections. */
export const POSTGRESQL_USER = 'postgres';
/** The database that the state store uses. */
export const POSTGRESQL_DATABASE = 'postgres';

export interface PostgresqlOptions {
  /** The `postgres` program; `initdb` is beside it. */
  readonly binary: string;
  readonly port: number;
  readonly dataDir: string;
  readonly password: string;
}

/** A PostgreSQL server of its own, with durable commits, reachable over loopback with a password. */
export async function postgresqlProcess({ binary, port, dataDir, password }: PostgresqlOptions): Promise<ProcessSpec> {
  const name = 'postgresql';
  const dir = join(dataDir, name);
  const user = await unprivilegedUser();
  const settings = {
    listen_addresses: LOOPBACK,
    port,
    unix_socket_directories: '',
    fsync: 'on',
    synchronous_commit: 'on',
    max_connections: 200,
    logging_collector: 'off',
  };
  const program: Program = {
    file: binary,
    args: ['-D', dir, ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
    env: inheritedEnv(),
    ...(user && { user }),
  };
  return {
    name,
    kind: 'store',
    ports: [port],
    program,
    prepare: (signal) => initialise(join(dirname(binary), 'initdb'), dir, password, user, signal),
    alive: acceptsConnections(port),
    ready: acceptsConnections(port),
    withChildren: true,
    // On SIGTERM it would wait for its clients to disconnect.
    stopSignal: 'SIGINT',
    stopDeadlineMs: 20_000,
  };
}

/** PostgreSQL refuses to run as root: then the account `postgres` runs it, or `nobody`. */
async function unprivilegedUser(): Promise<Program['user']> {
  if (process.getuid?.() !== 0) return undefined;
  for (const account of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all([run('id', ['-u', account]), run('id', ['-g', account])]);
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
    } catch {
      // No such account: the next.
    }
  }
  throw new Error('PostgreSQL does not run as root, and this machine has neither the account `postgres` nor `nobody`');
}

/** Creates the database directory under another name first, so that an interrupted start leaves no incomplete directory. */
async function initialise(
  initdb: string,
  dir: string,
  password: string,
  user: Program['user'],
  signal: AbortSignal,
): Promise<void> {
  if (existsSync(dir)) return;
  const draft = `${dir}.new`;
  const passwordFile = `${dir}.password`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user) {
    // The other account needs access to its directory.
    await chmod(dirname(dir), 0o711);
    await Promise.all([draft, passwordFile].map((path) => chown(path, user.uid, user.gid)));
  }
  const args = ['-D', draft, '-U', POSTGRESQL_USER, '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  await run(initdb, [...args, '--encoding=UTF8', '--no-locale'], {
    ...user,
    cwd: draft,
    env: inheritedEnv(),
    signal,
    timeout: 60_000,
  });
  await rename(draft, dir);
  await rm(passwordFile);
}

/** Sends a startup packet. The response asks for authentication; a recovering server answers with an error. */
const acceptsConnections = (port: number): Probe =>
  answersTcp(port, startupPacket(), (response) => {
    const text = response.toString('latin1');
    return text.startsWith('R') ? undefined : text.replace(/[^\x20-\x7e]+/g, ' ');
  });

function startupPacket(): Buffer {
  const protocol3 = 196_608;
  const words = Buffer.from(`user\0${POSTGRESQL_USER}\0database\0${POSTGRESQL_DATABASE}\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + words.length, 0);
  head.writeInt32BE(protocol3, 4);
  return Buffer.concat([head, words]);
}
