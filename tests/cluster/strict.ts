import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { downloadModule } from '../chart/schemas.ts';
import { type Check, SkipCheck } from './check-runner.ts';
import { commonValues } from './checks.ts';
import type { Cluster } from './cluster.ts';
import {
  CHART,
  componentPods,
  deleteKeptData,
  install,
  listPods,
  RELEASE,
  uninstallAndCompare,
  type Values,
  valueFlags,
} from './release.ts';
import type { Session } from './session.ts';

const TAINT = 'dedicated=orders:NoSchedule';
const PRIORITY = 'standing-order-test';
const LIMITS = { cpu: '1', memory: '512Mi' };
const REQUESTS = { cpu: '50m', memory: '64Mi' };

/** Values for a namespace with a quota that counts limits, on tainted nodes. */
const STRICT_VALUES = {
  'defaults.replicas': 1,
  'defaults.resources': { requests: REQUESTS, limits: LIMITS },
  'defaults.sidecarResources': { requests: REQUESTS, limits: LIMITS },
  'defaults.tolerations': [{ key: 'dedicated', operator: 'Equal', value: 'orders', effect: 'NoSchedule' }],
  'defaults.priorityClassName': PRIORITY,
  'stateStore.resources': { requests: REQUESTS, limits: { cpu: '1', memory: '1Gi' } },
  'broker.resources': { requests: REQUESTS, limits: { cpu: '1', memory: '1Gi' } },
  'initContainers.resources': { requests: REQUESTS, limits: LIMITS },
  'test.resources': { requests: REQUESTS, limits: LIMITS },
};

/** A namespace that enforces what strict clusters enforce, and kinds of objects that other operators define. */
export function strictChecks(session: Session, needs: readonly string[]): Check[] {
  return [
    {
      name: 'Strict: the release runs and passes helm test on tainted nodes, with a quota, limits and Pod Security restricted',
      needs,
      expectedMs: 3 * 60_000,
      run: () => runStrict(session),
    },
    {
      name: 'Strict: the API server accepts the objects for KEDA, the Prometheus operator and the autoscaler',
      needs,
      run: () => acceptOperatorObjects(session),
    },
  ];
}

async function runStrict(session: Session): Promise<string> {
  if (!session.options.testCluster) throw new SkipCheck('it taints every node: only with --test-cluster');
  const { cluster } = session;
  const label = (value: string) =>
    cluster.kubectl([
      'label',
      '--overwrite',
      'namespace',
      cluster.namespace,
      `pod-security.kubernetes.io/enforce${value}`,
    ]);
  await cluster.kubectl(['delete', 'pods', '--all', '--wait']);
  await cluster.apply(
    { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: PRIORITY }, value: 1_000 },
    resourceQuota(),
    limitRange(),
  );
  await label('=restricted');
  await cluster.kubectl(['taint', 'nodes', '--all', '--overwrite', TAINT]);
  try {
    await install(cluster, { ...commonValues(session), ...STRICT_VALUES });
    await cluster.helm(['test', RELEASE, '--timeout', '3m']);
    const [pod] = await listPods(cluster, componentPods('order'));
    await uninstallAndCompare(cluster);
    await deleteKeptData(cluster);
    return `order's pod ran: ${pod?.metadata.name}`;
  } finally {
    await cluster.kubectl(['taint', 'nodes', '--all', `${TAINT}-`]);
    await label('-');
    await cluster.kubectl(['delete', 'resourcequota/strict', 'limitrange/strict', `priorityclass/${PRIORITY}`]);
  }
}

const resourceQuota = () => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'strict' },
  spec: { hard: { 'requests.cpu': '4', 'limits.cpu': '40', 'requests.memory': '8Gi', 'limits.memory': '20Gi' } },
});

/** Bounds each container, and has no defaults: a container without a limit is refused by the quota. */
const limitRange = () => ({
  apiVersion: 'v1',
  kind: 'LimitRange',
  metadata: { name: 'strict' },
  spec: { limits: [{ type: 'Container', max: { cpu: '2', memory: '2Gi' }, min: { cpu: '10m', memory: '16Mi' } }] },
});

const DEFINITIONS = [
  ['keda', 'config/crd/bases/keda.sh_scaledobjects.yaml'],
  ['keda', 'config/crd/bases/keda.sh_triggerauthentications.yaml'],
  ['monitoring', 'example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml'],
  ['monitoring', 'example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml'],
] as const;

/** Sends the rendered objects to the API server without storing them: it validates them by the definitions of the operators. */
async function acceptOperatorObjects(session: Session): Promise<string> {
  const { cluster, scratch } = session;
  const installed: string[] = [];
  try {
    for (const [module, path] of DEFINITIONS) {
      const file = join(await downloadModule(module, scratch), path);
      const name = /^ {2}name: (\S+)/m.exec(await readFile(file, 'utf8'))?.[1] as string;
      if ((await cluster.kubectl(['get', 'crd', name, '--ignore-not-found', '--output=name'])) !== '') continue;
      await cluster.kubectl(['create', '--filename', file]);
      installed.push(name);
    }
    const names = DEFINITIONS.map(([, path]) => path.replace(/^.*\/(.+)_(.+)\.yaml$/, 'crd/$2.$1'));
    await cluster.kubectl(['wait', '--for=condition=Established', '--timeout=60s', ...names]);
    const accepted = [];
    for (const values of OPERATOR_VALUES) accepted.push(...(await acceptObjects(cluster, values)));
    return [...new Set(accepted)].toSorted().join(', ');
  } finally {
    if (installed.length > 0) await cluster.kubectl(['delete', 'crd', ...installed]);
  }
}

const SASL = {
  inChart: false,
  external: { address: 'kafka.example:9093', existingSecret: 'kafka', username: 'orders', tls: true },
};
const OPERATOR_VALUES = [
  { 'keda.enabled': true, 'serviceMonitor.enabled': true },
  { 'keda.enabled': true, broker: { kind: 'kafka', ...SASL } },
  { 'defaults.autoscaling.enabled': true },
];
const OPERATOR_KINDS = /^(horizontalpodautoscaler|scaledobject|triggerauthentication|servicemonitor|prometheusrule)\b/;

async function acceptObjects(cluster: Cluster, values: Values): Promise<string[]> {
  const rendered = await cluster.helm(['template', RELEASE, CHART, '--dry-run=server', ...valueFlags(values)]);
  const file = join(cluster.options.scratch, 'rendered.yaml');
  await writeFile(file, rendered);
  const output = await cluster.kubectl(['apply', '--dry-run=server', '--validate=strict', '--filename', file]);
  const kinds = output.split('\n').map((line) => OPERATOR_KINDS.exec(line)?.[1]);
  return kinds.filter((kind) => kind !== undefined);
}
