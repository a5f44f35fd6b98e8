import { loopback, type ReplicaPorts } from '../ports.ts';
import { answersOk } from '../wait.ts';
import { inheritedEnv, type PartSpec } from './spec.ts';

export interface ServiceOptions {
  readonly name: string;
  /** The program's main module. */
  readonly main: string;
  readonly ports: ReplicaPorts;
  readonly tokens: { readonly dapr: string; readonly app: string };
  /** Its own settings; they win over the platform's. */
  readonly env: Readonly<Record<string, string>>;
}

/** One replica of a service, run by the Node that runs this. */
export function servicePart({ name, main, ports, tokens, env }: ServiceOptions): PartSpec {
  const url = `http://${loopback}:${ports.app}`;
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
        PORT: String(ports.app),
        HOST: loopback,
        DAPR_HTTP_PORT: String(ports.daprHttp),
        DAPR_API_TOKEN: tokens.dapr,
        APP_API_TOKEN: tokens.app,
        STATE_STORE: 'state',
        PUBSUB: 'messages',
        ...env,
      },
    },
    alive: answersOk(`${url}/healthz`),
    ready: answersOk(`${url}/readyz`),
    stopDeadlineMs: 15_000,
  };
}
