import { createConnection, createSidecar, type Sidecar, type StateStore } from '@standing-order/dapr';
import { loadConfig, serviceConfig } from '@standing-order/service-kit/config';
import { createApp } from '@standing-order/service-kit/http';
import { runService, systemClock } from '@standing-order/service-kit/runtime';
import type { Hono } from 'hono';

/** The building blocks of a contender with a sidecar. */
export interface ContenderParts {
  readonly app: Hono;
  readonly sidecar: Sidecar;
  readonly store: StateStore;
  readonly pubsub: string;
}

/** Runs a contender on the order service's own base: configuration, sidecar client, HTTP layer, life cycle. */
export function runOnSidecar(build: (parts: ContenderParts) => void): void {
  const config = loadConfig(serviceConfig);
  const sidecar = createSidecar({ httpPort: config.DAPR_HTTP_PORT, apiToken: config.DAPR_API_TOKEN });
  const connection = createConnection({ sidecar, storeName: config.STATE_STORE, clock: systemClock });
  const app = createApp({ readiness: connection.readiness, appToken: config.APP_API_TOKEN });
  build({ app, sidecar, store: connection.store, pubsub: config.PUBSUB });
  runService({ app, host: config.HOST, port: config.PORT, start: connection.open, stop: connection.close });
}
