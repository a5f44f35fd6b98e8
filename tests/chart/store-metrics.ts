import { resolve } from 'node:path';
import { answers, type Child } from '../support/child.ts';
import type { ExternalStore } from './external-store.ts';
import { one, release, render, type Values } from './helm.ts';

const PROGRAM = resolve(import.meta.dirname, '../../deploy/images/store-metrics.ts');

/** The running program that exports the fill levels. */
export interface StoreMetrics {
  readonly url: string;
  readonly child: Child;
  /** The samples of a scrape, such as `store_readable{store="state"}`. */
  scrape(): Promise<ReadonlyMap<string, number>>;
}

/** What the rendered environment refers to. */
export interface References {
  /** Addresses of servers, by the addresses of the chart such as so-broker.shop.svc:6379. */
  readonly addresses?: Readonly<Record<string, string>>;
  /** Contents of the secrets, by their names. */
  readonly secrets: Readonly<Record<string, string>>;
}

interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef: { readonly name: string } };
}

/** The environment of the program as the chart configures it. */
export async function renderEnvironment(values: Values, { addresses = {}, secrets }: References) {
  const objects = await render({ ...values, monitoring: { stores: { enabled: true } } });
  const [container] = one(objects, 'Deployment', `${release}-store-metrics`).spec.template.spec.containers;
  const variables = container.env.map(({ name, value, valueFrom }: EnvironmentVariable) => {
    const text = value ?? secrets[valueFrom?.secretKeyRef.name ?? ''] ?? '';
    return [name, Object.entries(addresses).reduce((found, [from, to]) => found.replace(from, to), text)];
  });
  return Object.fromEntries(variables) as Record<string, string>;
}

/** Starts the program, and waits until it listens. */
export async function startStoreMetrics(
  store: ExternalStore,
  environment: Readonly<Record<string, string>>,
  more: NodeJS.ProcessEnv = {},
): Promise<StoreMetrics> {
  const port = store.port();
  const url = `http://127.0.0.1:${port}/metrics`;
  const env = { PATH: process.env.PATH, ...environment, ...more, HOST: '127.0.0.1', PORT: String(port) };
  const child = store.startProgram(`store-metrics-${port}`, { file: process.execPath, args: [PROGRAM], env });
  await answers(`http://127.0.0.1:${port}/healthz`, child);
  return {
    url,
    child,
    async scrape() {
      const text = await (await fetch(url)).text();
      return new Map([...text.matchAll(/^(\w+\{.*\}) (\d+)$/gm)].map(([, name = '', value]) => [name, Number(value)]));
    },
  };
}
