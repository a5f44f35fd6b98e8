import { readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { resolveTool } from '../../deploy/tools/src/index.ts';
import { runProgram } from '../../deploy/tools/src/program.ts';
import { Cluster } from './cluster.ts';
import { type Dapr, daprOf, INJECTOR } from './dapr.ts';
import type { Options } from './options.ts';
import { findTestbed, startTestbed, type Testbed } from './testbed.ts';

const minute = 60_000;
const NAMESPACE = 'standing-order-test';
/** So that no namespace of somebody else is ever removed. */
const MARK = 'standing-order-cluster-test';

/** What the checks work with, from the first one on, and what has to be cleaned up in the end. */
export class Session {
  readonly options: Options;
  readonly scratch: string;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
  #testbed: Testbed | undefined;
  #cluster: Cluster | undefined;
  #dapr: Dapr | undefined;

  constructor(options: Options, scratch: string, signal: AbortSignal, onLine: (line: string) => void) {
    this.options = options;
    this.scratch = scratch;
    this.signal = signal;
    this.onLine = onLine;
  }

  get testbed(): Testbed {
    if (this.#testbed === undefined) throw new Error('the disposable cluster does not run');
    return this.#testbed;
  }

  get cluster(): Cluster {
    if (this.#cluster === undefined) throw new Error('no cluster has been reached');
    return this.#cluster;
  }

  /** Dapr's control plane, once it was found. */
  get dapr(): Dapr {
    if (this.#dapr === undefined) throw new Error('no Dapr has been found');
    return this.#dapr;
  }

  /** Looks for Dapr in the cluster. Rejects if there is none that the chart can do with. */
  async findDapr(): Promise<Dapr> {
    const injectors = ['deployments', '--all-namespaces', '--selector', INJECTOR];
    this.#dapr = daprOf((await this.cluster.get(...injectors)).items);
    return this.#dapr;
  }

  /** Starts the disposable cluster, if that is the one to use. */
  async start(): Promise<void> {
    const folder = await findTestbed();
    if (folder === undefined)
      throw new Error('there is no disposable cluster: set STANDING_ORDER_CLUSTER to its folder');
    this.#testbed = await startTestbed({ folder, signal: this.signal, onLine: this.onLine });
  }

  /** Reaches the cluster and makes the namespace anew, with a kubeconfig that points to it. */
  async reach(): Promise<void> {
    const kubeconfig = join(this.scratch, 'kubeconfig');
    const env = { ...process.env };
    if (this.#testbed !== undefined) {
      env.KUBECONFIG = this.#testbed.kubeconfig;
      // The cluster's own kubectl, of its own version.
      const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
      process.env.PATH = [join(cache, 'standing-order-cluster', 'bin'), process.env.PATH].join(delimiter);
    }
    const kubectl = (args: readonly string[]) =>
      runProgram('kubectl', args, { env: { ...env, PATH: process.env.PATH }, signal: this.signal, deadlineMs: minute });
    const config = await kubectl(['config', 'view', '--raw', '--flatten', '--minify']).catch((cause) => {
      throw new Error('kubectl, with a current context, is needed (https://kubernetes.io/docs/tasks/tools)', { cause });
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
    await this.#makeNamespace();
  }

  async #makeNamespace(): Promise<void> {
    const { cluster } = this;
    const there = await cluster.kubectl(['get', 'namespace', NAMESPACE, '--ignore-not-found', '--output', 'json']);
    if (there.trim() !== '') {
      if (JSON.parse(there).metadata.labels?.[MARK] === undefined)
        throw new Error(`there is a namespace ${NAMESPACE} that this test has not made: remove it first`);
      await removeNamespace(cluster);
    }
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels: { [MARK]: '' } } });
  }

  /** Leaves nothing behind; also after an interruption. */
  async end(): Promise<void> {
    if (this.options.keep) return;
    if (this.#testbed !== undefined) await this.#testbed.down();
    else if (this.#cluster !== undefined) {
      await removeNamespace(new Cluster({ ...this.#cluster.options, signal: AbortSignal.timeout(5 * minute) }));
    }
  }
}

const removeNamespace = (cluster: Cluster): Promise<string> =>
  cluster.kubectl(['delete', 'namespace', NAMESPACE, '--ignore-not-found', '--timeout=180s'], {
    deadlineMs: 4 * minute,
  });

/** The chart's version, and the version of what it installs. */
export async function chartVersions(chart: string): Promise<{ readonly version: string; readonly appVersion: string }> {
  const text = await readFile(join(chart, 'Chart.yaml'), 'utf8');
  const field = (name: string) => new RegExp(`^${name}: "?([^"\\s]+)`, 'm').exec(text)?.[1] ?? '';
  return { version: field('version'), appVersion: field('appVersion') };
}
