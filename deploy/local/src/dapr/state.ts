import { postgresqlDatabase, postgresqlUser } from '../parts/postgresql.ts';
import { loopback } from '../ports.ts';
import { component, type Resource } from './resource.ts';

export type StoreKind = 'redis' | 'postgresql';

/** The state store, under the name that the services know. Keys have the app-id before them, so replicas share their state. */
export function stateStore(kind: StoreKind, port: number, password: string): Resource {
  return kind === 'redis' ? redisState(port) : postgresqlState(port, password);
}

function redisState(port: number): Resource {
  return component('state', 'state.redis', 'v1', {
    redisHost: `${loopback}:${port}`,
    keyPrefix: 'appid',
    // No retries (0 would mean 3, 2 s apart): what a failed write means is decided in one place, the outbox, and a
    // compare-and-set that is repeated in here after a lost answer looks like a conflict.
    redisMaxRetries: '-1',
    dialTimeout: '2s',
    // A frozen store is an error after this long. Never set writeTimeout: it makes every operation of a transaction run twice.
    readTimeout: '3s',
  });
}

function postgresqlState(port: number, password: string): Resource {
  return component('state', 'state.postgresql', 'v2', {
    host: loopback,
    port: String(port),
    user: postgresqlUser,
    password,
    database: postgresqlDatabase,
    keyPrefix: 'appid',
    timeout: '5s',
    maxConns: '16',
  });
}
