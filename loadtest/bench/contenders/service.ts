import { createSidecarEnvironment, runSidecarService, type Sidecar, type StateStore } from '@standing-order/dapr';
import { serviceConfig } from '@standing-order/service-kit/config';
import { createApp } from '@standing-order/service-kit/http';
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
  const environment = createSidecarEnvironment(serviceConfig);
  const { sidecar, store, pubsub, appOptions } = environment;
  const app = createApp(appOptions);
  build({ app, sidecar, store, pubsub });
  runSidecarService(environment, { app });
}
