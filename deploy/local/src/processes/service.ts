import { resolve } from 'node:path';
import { LOOPBACK, type ReplicaPorts } from '../ports.ts';
import { answersOk } from '../wait.ts';
import { inheritedEnv, type ProcessSpec } from './spec.ts';

export interface ServiceOptions {
  readonly name: string;
  /** The name of the service in its telemetry. */
  readonly service: string;
  /** The program's main module. */
  readonly main: string;
  readonly ports: ReplicaPorts;
  readonly tokens: { readonly dapr: string; readonly app: string };
  /** Environment variables of the service; they replace the platform's. */
  readonly env: Readonly<Record<string, string>>;
}

/** Node's compile cache, kept between runs: it halves the start time. */
const COMPILE_CACHE = resolve(import.meta.dirname, '../../../../node_modules/.cache/standing-order');

/** As in the image: docs/adr/0108. */
const MALLOC_ARENAS = '2';

/** One replica of a service, run by the Node of this process. */
export function serviceProcess({ name, service, main, ports, tokens, env }: ServiceOptions): ProcessSpec {
  const url = `http://${LOOPBACK}:${ports.app}`;
  return {
    name,
    kind: 'service',
    ports: [ports.app],
    program: {
      file: process.execPath,
      args: [main],
      env: {
        ...inheritedEnv(),
        NODE_ENV: 'production',
        NODE_COMPILE_CACHE: COMPILE_CACHE,
        MALLOC_ARENA_MAX: MALLOC_ARENAS,
        PORT: String(ports.app),
        HOST: LOOPBACK,
        DAPR_GRPC_PORT: String(ports.daprGrpc),
        DAPR_HTTP_PORT: String(ports.daprHttp),
        DAPR_API_TOKEN: tokens.dapr,
        APP_API_TOKEN: tokens.app,
        STATE_STORE: 'state',
        PUBSUB: 'messages',
        OTEL_SERVICE_NAME: service,
        ...env,
      },
    },
    alive: answersOk(`${url}/healthz`),
    ready: answersOk(`${url}/readyz`),
    stopSignal: 'SIGTERM',
    stopDeadlineMs: 15_000,
  };
}
