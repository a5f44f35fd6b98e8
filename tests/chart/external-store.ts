import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { findPortBase } from '@standing-order/local';
import type { Program } from '@standing-order/local/processes/spec';
import { poll } from '@standing-order/testing/poll';
import { resolveTool } from '@standing-order/tools';
import { stringify } from 'yaml';
import { runProgram } from '../../deploy/tools/src/program.ts';
import { type Child, startProgram } from '../support/child.ts';
import { type KubernetesObject, one, release, render, type Values } from './helm.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** Values of the keys of every secret that the chart reads. */
export type Secrets = Readonly<Record<string, string>>;

/** A sidecar of the order service that has loaded its component, or has failed to. */
export interface ComponentSidecar {
  readonly log: string;
  /** The base URL of its HTTP API. */
  readonly url: string;
  /** Its log until now. */
  readLog(): Promise<string>;
}

/** A folder, programs and sidecars for tests of components against a real server. */
export class ExternalStore {
  readonly folder: string;
  readonly #children: Child[] = [];
  #nextPort: number;

  private constructor(folder: string, portBase: number) {
    this.folder = folder;
    this.#nextPort = portBase;
  }

  static async create(): Promise<ExternalStore> {
    return new ExternalStore(await mkdtemp(join(tmpdir(), 'standing-order-store-')), await findPortBase());
  }

  /** A port that no other program uses. */
  port(): number {
    this.#nextPort += 1;
    return this.#nextPort;
  }

  /** The path of a file in the folder. */
  path(file: string): string {
    return join(this.folder, file);
  }

  async close(): Promise<void> {
    for (const child of this.#children.toReversed()) await child.stop();
    await rm(this.folder, { recursive: true });
  }

  /** Creates ca.crt, and server.crt and server.key for localhost, signed by that private authority. */
  async createCertificates(): Promise<void> {
    const openssl = (...args: string[]) => runProgram('openssl', args, { cwd: this.folder, deadlineMs: 30_000 });
    const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout'];
    await openssl('req', '-x509', ...key, 'ca.key', '-out', 'ca.crt', '-subj', '/CN=private authority');
    await openssl('req', ...key, 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
    await writeFile(join(this.folder, 'names'), 'subjectAltName=DNS:localhost');
    const authority = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'];
    await openssl('x509', '-req', '-in', 'server.csr', ...authority, '-extfile', 'names', '-out', 'server.crt');
  }

  /** Starts a program whose output goes to NAME.log. */
  start(name: string, command: string, args: readonly string[]): Child {
    return this.startProgram(name, { file: command, args, env: process.env });
  }

  /** The same, for a program with a user of its own. */
  startProgram(name: string, program: Program): Child {
    const child = startProgram(program, join(this.folder, `${name}.log`), this.folder);
    this.#children.push(child);
    return child;
  }

  /**
   * Starts a sidecar of the order service with a component of the chart, and waits until it is loaded or has failed.
   *
   * @param certificates the folder of the authorities that the sidecar trusts
   */
  async startSidecar(component: KubernetesObject, certificates = this.folder): Promise<ComponentSidecar> {
    const name = `sidecar-${this.#children.length}`;
    const resources = join(this.folder, name);
    await mkdir(resources);
    await writeFile(join(resources, 'component.yaml'), stringify(component));
    const http = this.port();
    const ports = ['dapr-grpc-port', 'dapr-internal-grpc-port', 'metrics-port'];
    const flags = [`--dapr-http-port=${http}`, ...ports.map((port) => `--${port}=${this.port()}`)];
    const log = join(this.folder, `${name}.log`);
    const args = ['--app-id=order', `--resources-path=${resources}`, '--dapr-listen-addresses=127.0.0.1', ...flags];
    const env = { ...process.env, NAMESPACE: 'shop', SSL_CERT_DIR: certificates };
    this.startProgram(name, { file: await resolveTool('daprd'), args, env });
    const isDecided = new RegExp(`(Component loaded:|Failed to init component) ${component.metadata.name}\\b`);
    const readLog = () => readFile(log, 'utf8').catch(() => '');
    const text = await poll(
      `${component.metadata.name} is loaded or has failed`,
      readLog,
      (found) => isDecided.test(found),
      60_000,
    );
    return { log: text, url: `http://127.0.0.1:${http}`, readLog };
  }
}

/** A component of the chart with the values of its secrets. */
export async function renderComponent(name: string, values: Values, secrets: Secrets): Promise<KubernetesObject> {
  const { auth: _, ...component } = one(await render(values), 'Component', name);
  const metadata = component.spec.metadata.map(({ name: setting, value, secretKeyRef }: ComponentSetting) => ({
    name: setting,
    value: value ?? secrets[secretKeyRef?.key ?? ''],
  }));
  return { ...component, spec: { ...component.spec, metadata } } as KubernetesObject;
}

interface ComponentSetting {
  readonly name: string;
  readonly value?: string;
  readonly secretKeyRef?: { readonly key: string };
}

/** Runs the program of the chart's hook as the chart configures it, for pods without a fault. */
export async function runVerification(values: Values, secrets: Secrets, env: NodeJS.ProcessEnv = {}) {
  const pods = createServer((_, response) => response.end(JSON.stringify({ reasons: [] }))).listen(0, '127.0.0.1');
  await once(pods, 'listening');
  const [container] = one(await render(values), 'Job', `${release}-verify`).spec.template.spec.containers;
  const rendered = container.env.map(({ name, value, valueFrom }: EnvironmentVariable) => [
    name,
    value ?? secrets[valueFrom?.secretKeyRef.key ?? ''],
  ]);
  const PODS = `127.0.0.1:${(pods.address() as AddressInfo).port}`;
  const environment = { PATH: process.env.PATH, ...Object.fromEntries(rendered), ...env, PODS };
  const options = { cwd: ROOT, env: environment, timeout: 60_000 };
  try {
    const { stdout } = await promisify(execFile)(process.execPath, container.args, options);
    return { code: 0, stdout };
  } catch (error) {
    return error as { readonly code: number; readonly stdout: string };
  } finally {
    pods.close();
    pods.closeAllConnections();
  }
}

interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef: { readonly key: string } };
}
