import { readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { resolveTool } from '@standing-order/tools';
import { runProgram } from '../../deploy/tools/src/program.ts';
import { Cluster } from './cluster.ts';
import { type ControlPlane, controlPlaneOf, INJECTOR } from './dapr.ts';
import type { Options } from './options.ts';
import { findTestbed, startTestbed, type Testbed } from './testbed.ts';

const MINUTE_MS = 60_000;
const NAMESPACE = 'standing-order-test';
/** Label of the namespaces that this test has created. It removes no other namespace. */
const LABEL = 'standing-order-cluster-test';

/** The objects that the checks share, and their cleanup. */
export class Session {
  readonly options: Options;
  readonly scratch: string;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
  #testbed: Testbed | undefined;
  #cluster: Cluster | undefined;
  #dapr: ControlPlane | undefined;

  constructor(options: Options, scratch: string, signal: AbortSignal, onLine: (line: string) => void) {
    this.options = options;
    this.scratch = scratch;
    this.signal = signal;
    this.onLine = onLine;
  }

  get testbed(): Testbed {
    if (this.#testbed === undefined) throw new Error('the disposable cluster is not running');
    return this.#testbed;
  }

  get cluster(): Cluster {
    if (this.#cluster === undefined) throw new Error('no cluster is connected');
    return this.#cluster;
  }

  /** The control plane that `findDapr` has found. */
  get dapr(): ControlPlane {
    if (this.#dapr === undefined) throw new Error('no Dapr has been found');
    return this.#dapr;
  }

  /** Finds Dapr's control plane in the cluster. Rejects if there is none, or if its version is too old for the chart. */
  async findDapr(): Promise<ControlPlane> {
    const injectors = ['deployments', '--all-namespaces', '--selector', INJECTOR];
    this.#dapr = controlPlaneOf((await this.cluster.get(...injectors)).items);
    return this.#dapr;
  }

  async startTestbed(): Promise<void> {
    const folder = await findTestbed();
    if (folder === undefined)
      throw new Error('the disposable cluster was not found: set STANDING_ORDER_CLUSTER to its folder');
    this.#testbed = await startTestbed({ folder, signal: this.signal, onLine: this.onLine });
  }

  /** Connects to the cluster, and creates the namespace anew with a kubeconfig that selects it. */
  async connect(): Promise<void> {
    const kubeconfig = join(this.scratch, 'kubeconfig');
    const env = { ...process.env };
    if (this.#testbed !== undefined) {
      env.KUBECONFIG = this.#testbed.kubeconfig;
      // The disposable cluster may bring a kubectl of its own version.
      const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
      process.env.PATH = [join(cache, 'standing-order-cluster', 'bin'), process.env.PATH].join(delimiter);
    }
    const kubectl = (args: readonly string[]) =>
      runProgram('kubectl', args, {
        env: { ...env, PATH: process.env.PATH },
        signal: this.signal,
        deadlineMs: MINUTE_MS,
      });
    const config = await kubectl(['config', 'view', '--raw', '--flatten', '--minify']).catch((cause) => {
      throw new Error('kubectl with a current context is required (https://kubernetes.io/docs/tasks/tools)', { cause });
    });
    await writeFile(kubeconfig, config, { mode: 0o600 });
    env.KUBECONFIG = kubeconfig;
    await kubectl(['config', 'set-context', '--current', '--namespace', NAMESPACE]);
    this.#cluster = new Cluster({
      helmPath: await resolveTool('helm'),
      kubeconfig,
      namespace: NAMESPACE,
      scratch: this.scratch,
      signal: this.signal,
    });
    await this.#createNamespace();
  }

  async #createNamespace(): Promise<void> {
    const { cluster } = this;
    const existing = await cluster.kubectl(['get', 'namespace', NAMESPACE, '--ignore-not-found', '--output', 'json']);
    if (existing.trim() !== '') {
      if (JSON.parse(existing).metadata.labels?.[LABEL] === undefined)
        throw new Error(`namespace ${NAMESPACE} exists, and this test has not created it: remove it first`);
      await removeNamespace(cluster);
    }
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: NAMESPACE, labels: { [LABEL]: '' } },
    });
  }

  /** Removes the cluster or the namespace, also after an interrupt. */
  async close(): Promise<void> {
    if (this.options.keep) return;
    if (this.#testbed !== undefined) await this.#testbed.down();
    else if (this.#cluster !== undefined) {
      await removeNamespace(new Cluster({ ...this.#cluster.options, signal: AbortSignal.timeout(5 * MINUTE_MS) }));
    }
  }
}

const removeNamespace = (cluster: Cluster): Promise<string> =>
  cluster.kubectl(['delete', 'namespace', NAMESPACE, '--ignore-not-found', '--timeout=180s'], {
    deadlineMs: 4 * MINUTE_MS,
  });

/** The chart's version, and the version of the application that it installs. */
export async function chartVersions(chart: string): Promise<{ readonly version: string; readonly appVersion: string }> {
  const text = await readFile(join(chart, 'Chart.yaml'), 'utf8');
  const field = (name: string) => new RegExp(`^${name}: "?([^"\\s]+)`, 'm').exec(text)?.[1] ?? '';
  return { version: field('version'), appVersion: field('appVersion') };
}
