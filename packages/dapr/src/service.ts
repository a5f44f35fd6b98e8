import { loadConfig, type ServiceConfig } from '@standing-order/service-kit/config';
import type { AppOptions } from '@standing-order/service-kit/http';
import {
  type Clock,
  type Random,
  runService,
  systemClock,
  systemRandom,
  uuidv7,
} from '@standing-order/service-kit/runtime';
import type { Hono } from 'hono';
import type { z } from 'zod';
import { createBrokerHealth } from './broker-health.ts';
import { type Connection, createConnection } from './connection.ts';
import { createSidecar } from './sidecar/sidecar.ts';
import type { Sidecar, StateStore } from './types.ts';

/** The parts of every service with a sidecar. */
export interface SidecarEnvironment<C extends ServiceConfig> {
  readonly config: C;
  readonly sidecar: Sidecar;
  /** The state store component that STATE_STORE names. Its calls fail until the sidecar is ready. */
  readonly store: StateStore;
  /** Name of the pub/sub component. */
  readonly pubsub: string;
  readonly clock: Clock;
  readonly random: Random;
  /** A new UUIDv7. */
  newId(): string;
  /** For `createApp`: the readiness of the sidecar and its store, and the token that the sidecar presents. */
  readonly appOptions: AppOptions;
  /** The connection to the sidecar, for `runSidecarService`. */
  readonly connection: Pick<Connection, 'open' | 'close'>;
}

/**
 * Loads the configuration and prepares the connection to the sidecar. It opens no connection before `runSidecarService`. Ends the
 * process with exit code 2 when the configuration is invalid.
 */
export function createSidecarEnvironment<C extends ServiceConfig>(schema: z.ZodType<C>): SidecarEnvironment<C> {
  const config = loadConfig(schema);
  const direct = createSidecar({
    grpcPort: config.DAPR_GRPC_PORT,
    httpPort: config.DAPR_HTTP_PORT,
    apiToken: config.DAPR_API_TOKEN,
  });
  const broker = createBrokerHealth(direct, config.PUBSUB, systemClock);
  const { sidecar } = broker;
  const connection = createConnection({ sidecar, storeName: config.STATE_STORE, broker, clock: systemClock });
  return {
    config,
    sidecar,
    store: connection.store,
    pubsub: config.PUBSUB,
    clock: systemClock,
    random: systemRandom,
    newId: () => uuidv7(systemClock, systemRandom),
    appOptions: { readiness: connection.readiness, appToken: config.APP_API_TOKEN },
    connection,
  };
}

/** A service's own parts: its application, and what it starts and stops. */
export interface SidecarServiceParts {
  readonly app: Hono;
  /**
   * Runs once the sidecar and its state store are ready. A rejection ends the process with exit code 1, a ConfigurationError with 2. The signal is
   * aborted when the service receives a stop signal.
   */
  start?(signal: AbortSignal): unknown;
  /** Called as soon as the service receives a stop signal, before requests in flight are answered. */
  onStopping?(): void;
  /** Runs after the last request was answered, while the sidecar is still connected. */
  stop?(): Promise<void>;
}

/**
 * The main program of a service with a sidecar: serves the application until SIGTERM or SIGINT, and connects to the sidecar
 * in between. `runService` describes the order of start and stop, and the exit codes.
 */
export function runSidecarService<C extends ServiceConfig>(
  { config, connection }: SidecarEnvironment<C>,
  parts: SidecarServiceParts,
): void {
  runService({
    app: parts.app,
    host: config.HOST,
    port: config.PORT,
    keepAliveMs: config.KEEP_ALIVE_SECONDS * 1_000,
    async start(signal) {
      signal.addEventListener('abort', () => parts.onStopping?.());
      await connection.open(signal);
      await parts.start?.(signal);
    },
    async stop() {
      await parts.stop?.();
      await connection.close();
    },
  });
}
