import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Random values of a data directory, kept as long as the directory. */
export interface Secrets {
  readonly daprApiToken: string;
  readonly appApiToken: string;
  readonly databasePassword: string;
  /** Encrypts the secrets of webhooks in the state store; 32 bytes in base64. */
  readonly webhookKey: string;
  /** Signs the tokens of the order service's commands; 32 bytes in base64. */
  readonly orderTokenKey: string;
}

/** A data directory that is locked until this process releases it or ends. */
export interface DataDir {
  readonly secrets: Secrets;
  release(): void;
}

const LOCK_NAME = 'lock.db';

/** Locks the directory, and creates it if necessary. Rejects if another platform runs in it or it holds other files. */
export async function takeDataDir(dir: string, clean: boolean): Promise<DataDir> {
  requireOurs(dir);
  await mkdir(join(dir, 'logs'), { recursive: true, mode: 0o700 }).catch((cause: Error) => {
    throw new Error(`the data directory cannot be created: ${cause.message}; choose another one with --data-dir`, {
      cause,
    });
  });
  const release = lock(dir);
  try {
    if (clean) await empty(dir);
    return { secrets: await secretsIn(dir), release };
  } catch (error) {
    release();
    throw error;
  }
}

/** Rejects a directory with other files, because `--clean` empties it. */
function requireOurs(dir: string): void {
  if (!existsSync(dir) || existsSync(join(dir, LOCK_NAME)) || readdirSync(dir).length === 0) return;
  throw new Error(`${dir} holds other files; give an empty directory, or one that does not exist`);
}

/** A lock that ends with this process in every case. SQLite provides it, because Node has none. */
function lock(dir: string): () => void {
  const database = new DatabaseSync(join(dir, LOCK_NAME));
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
    throw new Error(
      `a platform is already running in ${dir}; stop it, list its processes with "npm run processes -- list", or start a second one with another --data-dir and --port-base`,
    );
  }
  return () => database.close();
}
const SQLITE_BUSY = 5;

async function empty(dir: string): Promise<void> {
  const old = readdirSync(dir).filter((name) => !name.startsWith(LOCK_NAME));
  await Promise.all(old.map((name) => rm(join(dir, name), { recursive: true, force: true })));
  await mkdir(join(dir, 'logs'), { mode: 0o700 });
}

async function secretsIn(dir: string): Promise<Secrets> {
  const file = join(dir, 'secrets.json');
  const kept = existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as Partial<Secrets>) : {};
  const random = () => randomBytes(24).toString('base64url');
  const key = () => randomBytes(32).toString('base64');
  const secrets = {
    daprApiToken: random(),
    appApiToken: random(),
    databasePassword: random(),
    webhookKey: key(),
    orderTokenKey: key(),
    ...kept,
  };
  await writeFile(`${file}.new`, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  await rename(`${file}.new`, file);
  return secrets;
}
