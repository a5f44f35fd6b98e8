import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { check, linesOf } from '../../loadtest/checker/check.ts';
import { readLogs } from '../../loadtest/checker/log.ts';
import { isClean } from '../../loadtest/checker/verdict.ts';
import type { OrderLine } from '../../loadtest/scenarios/lib/log.ts';
import type { Summary } from '../../loadtest/scenarios/lib/summary.ts';
import type { Cluster } from './cluster.ts';
import { RELEASE, secret } from './release.ts';

const minute = 60_000;
const scenarios = resolve(import.meta.dirname, '../../loadtest/scenarios');
const SCRIPTS = 'load-scenarios';
const files = ['smoke.ts', 'availability.ts'];
const libraries = ['log', 'mark', 'outcome', 'phases', 'rules', 'scenario', 'settings', 'summary', 'target'];

/** A run of k6 in a pod, which reaches the services by their names, as other pods do. */
export interface LoadOrder {
  readonly name: string;
  readonly image: string;
  readonly scenario: 'smoke' | 'availability';
  readonly variables: Readonly<Record<string, string | number>>;
  /** Done when the phase `during` begins; the run goes on meanwhile. */
  readonly fault?: () => Promise<void>;
}

export interface Load {
  readonly requests: readonly OrderLine[];
  readonly summary: Summary;
  /** Whether it reached its goal. */
  readonly reached: boolean;
}

/** Runs a scenario to its end. Rejects if it could not run, or the fault could not be brought about. */
export async function load(cluster: Cluster, order: LoadOrder): Promise<Load> {
  await cluster.apply(await scripts(), podOf(cluster, order));
  const phase = async () => (await cluster.get('pod', order.name)).status.phase;
  await cluster.eventually(
    `${order.name} runs`,
    async () => ((await phase()) === 'Pending' ? undefined : true),
    minute,
  );
  let fault: Promise<void> | undefined;
  const onLine = (line: string) => {
    if (fault !== undefined || !line.includes('"phase":"during"')) return;
    fault = order.fault?.();
    // Told below; until then it must not end this process.
    fault?.catch(() => {});
  };
  await cluster.kubectl(['logs', '--follow', order.name], { deadlineMs: 15 * minute, onLine });
  const ended = await cluster.eventually(
    `${order.name} ends`,
    async () => (await cluster.get('pod', order.name)).status.containerStatuses[0].state.terminated?.exitCode,
    minute,
  );
  await fault;
  const log = await cluster.kubectl(['logs', order.name]);
  if (order.fault && fault === undefined) throw new Error(`no request of ${order.name} was made during the fault`);
  return { ...(await read(cluster, order.name, log)), reached: ended === 0 };
}

async function read(cluster: Cluster, name: string, log: string): Promise<Omit<Load, 'reached'>> {
  const lines = log.split('\n').filter((line) => line.startsWith('{"type":'));
  const summary = lines.find((line) => line.startsWith('{"type":"summary"'));
  if (summary === undefined) throw new Error(`${name} ended without a summary: ${log.slice(-1_000)}`);
  const file = join(cluster.options.scratch, `${name}.jsonl`);
  await writeFile(file, lines.join('\n'));
  return { requests: await readLogs([file]), summary: JSON.parse(summary) };
}

async function scripts() {
  const paths = [...files, ...libraries.map((name) => `lib/${name}.ts`)];
  const contents = await Promise.all(paths.map((path) => readFile(join(scenarios, path), 'utf8')));
  const data = Object.fromEntries(paths.map((path, index) => [keyOf(path), contents[index]]));
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: SCRIPTS }, data };
}

/** A key of a ConfigMap has no slash. */
const keyOf = (path: string): string => path.replace('/', '.');

function podOf({ namespace }: Cluster, { name, image, scenario, variables }: LoadOrder) {
  const hosts = ['order', 'consumer', 'restaurant'].map((service) => `${RELEASE}-${service}.${namespace}.svc`);
  const all = {
    K6_NO_USAGE_REPORT: 'true',
    SUMMARY_FILE: 'stderr',
    ALLOW_HOST: hosts.join(','),
    ORDER_URL: `http://${hosts[0]}`,
    CONSUMER_URL: `http://${hosts[1]}`,
    RESTAURANT_URL: `http://${hosts[2]}`,
    ...variables,
  };
  const flags = ['--quiet', '--include-system-env-vars', '--log-format', 'raw'];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 5,
      containers: [
        {
          name: 'k6',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['k6', 'run', ...flags, `/scenarios/${scenario}.ts`],
          env: Object.entries(all).map(([variable, value]) => ({ name: variable, value: String(value) })),
          volumeMounts: [{ name: 'scenarios', mountPath: '/scenarios' }],
        },
      ],
      volumes: [
        {
          name: 'scenarios',
          configMap: {
            name: SCRIPTS,
            items: [...files, ...libraries.map((library) => `lib/${library}.ts`)].map((path) => ({
              key: keyOf(path),
              path,
            })),
          },
        },
      ],
    },
  };
}

/** Reads the release's state store and compares it with what the clients were told; rejects if anything is amiss. */
export async function checked(cluster: Cluster, requests: readonly OrderLine[], waitMs: number): Promise<string> {
  const password = await secret(cluster, 'state-store', 'password');
  const verdict = await cluster.forwarded(`pod/${RELEASE}-state-store-0`, 6379, (port) =>
    check({ requests, storeUrl: `redis://:${encodeURIComponent(password)}@127.0.0.1:${port}`, waitMs }),
  );
  if (!isClean(verdict)) throw new Error(linesOf(verdict).join('; '));
  return `${linesOf(verdict)[0]}; none lost, doubled, stuck, wrong or unexpected`;
}

/** The availability of each phase, in words. */
export const availabilityOf = ({ summary }: Load): string =>
  summary.phases
    .map(({ phase, availability, offered, p95 }) => {
      const percent = `${(100 * availability).toFixed(2)} % of ${offered}`;
      return `${phase} ${percent}${p95 === null ? '' : ` (p95 ${p95.toFixed(0)} ms)`}`;
    })
    .join(', ');
