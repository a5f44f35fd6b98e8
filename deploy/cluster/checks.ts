import { randomBytes } from 'node:crypto';
import { inWords } from '../tools/src/plain/report.mjs';
import type { Cluster } from './cluster.ts';
import { collectorUrl, spansOf, startCollector } from './collector.ts';
import { backendDeleted, podsDeleted, ROLL_MS, rolled, scaledToZero } from './faults.ts';
import { firstOrderLines } from './readme.ts';
import { faultOf, install, leftovers, pods, RELEASE, services, troubles, uninstall, type Values } from './release.ts';
import type { Check, Findings } from './report.ts';
import type { Session } from './session.ts';
import { idleUsage, usageTable } from './usage.ts';

/** What all releases of this test have in common. */
export function valuesOf({ options, cluster }: Session): Values {
  const colon = options.image.lastIndexOf(':');
  return {
    'image.repository': options.image.slice(0, colon),
    'image.tag': options.image.slice(colon + 1),
    'telemetry.otlpEndpoint': collectorUrl(cluster),
    'defaults.env': { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
  };
}

/** The chart with one broker, from its installation to its end; `more`: also what is the same with every broker. */
export function releaseChecks(
  session: Session,
  broker: string,
  values: Values,
  needs: readonly string[],
  more: boolean,
): Check[] {
  const named = (name: string) => `${broker}: ${name}`;
  const installed = named('helm install, and every pod is ready, with its sidecar');
  const after = (name: string, run: Check['run']): Check => ({ name: named(name), needs: [installed], run });
  const quick = [
    after("README's commands reach it and take an order to VALIDATED", () => firstOrder(session.cluster)),
    after('helm test takes an order to VALIDATED', (findings) => helmTest(session.cluster, findings)),
  ];
  const once = [
    after("an order's trace reaches a collector", () => traced(session.cluster)),
    after('idle, it needs little', (findings) => idle(session.cluster, findings)),
    after('a pod of each service deleted under load: nothing is lost', (findings) => podsDeleted(session, findings)),
  ];
  const away = [
    after("the broker's pod deleted under load: orders are taken, and decided", (findings) =>
      backendDeleted(session, { component: 'broker', what: `the ${broker} broker`, atLeast: 0.99 }, findings),
    ),
    after('consumer scaled to zero: orders are taken, and decided when it is back', () =>
      scaledToZero(session, broker),
    ),
  ];
  const rolling = {
    ...after('a rolling upgrade under load: no request fails', (findings) => rolled(session, findings)),
    takesMs: ROLL_MS,
  };
  const stateStore = after("the state store's pod deleted under load: nothing is lost", (findings) =>
    backendDeleted(session, { component: 'state-store', what: 'the state store', atLeast: 0 }, findings),
  );
  return [
    {
      name: installed,
      needs,
      run: async (findings) => {
        await startCollector(session.cluster, session.options.image);
        const began = performance.now();
        await install(session.cluster, { ...valuesOf(session), ...values }).catch(async (cause: Error) => {
          throw new Error(`${cause.message}\n${await troubles(session.cluster)}`, { cause });
        });
        findings.measured(`helm install with ${broker} until ready`, inWords(performance.now() - began));
        return everyPodIsReady(session.cluster);
      },
    },
    ...quick,
    ...(more ? once : []),
    ...away,
    ...(more ? [rolling] : []),
    ...(more && session.options.full ? [stateStore] : []),
    after('helm uninstall leaves volumes and passwords, and nothing else', () => uninstalled(session.cluster)),
  ];
}

async function everyPodIsReady(cluster: Cluster): Promise<string> {
  const found = [];
  for (const service of await services(cluster)) {
    const ofService = await pods(cluster, service);
    const fault =
      ofService.length < 2 ? `${ofService.length} pods of ${service}` : ofService.map(faultOf).find(Boolean);
    if (fault) throw new Error(fault);
    found.push(`${ofService.length} ${service}`);
  }
  return `pods: ${found.join(', ')}`;
}

async function firstOrder(cluster: Cluster): Promise<string> {
  const held = [];
  let said = '';
  try {
    for (const line of await firstOrderLines()) {
      if (line.endsWith('&')) {
        // What runs in the background of a shell, and is there when the person has typed the next line.
        const child = cluster.held('bash', ['-c', `exec ${line.slice(0, -1)}`]);
        held.push(child);
        await child.line(/Forwarding from 127\.0\.0\.1/);
      } else said = await cluster.shell(line);
    }
  } finally {
    for (const child of held) await child.stop();
  }
  if (!said.includes('"status":"VALIDATED"')) throw new Error(`the last one said: ${said}`);
  return said.split('\n')[0] ?? '';
}

async function helmTest(cluster: Cluster, { measured }: Findings): Promise<string> {
  const began = performance.now();
  await cluster.helm(['test', RELEASE, '--timeout', '3m']);
  measured('helm test', inWords(performance.now() - began));
  return '';
}

const SPANS = [
  'order: POST /orders',
  'order: settle',
  'consumer: process consumer-commands',
  'restaurant: process restaurant-commands',
];

async function traced(cluster: Cluster): Promise<string> {
  const traceId = randomBytes(16).toString('hex');
  const traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-01`;
  const headers = { 'content-type': 'application/json', traceparent };
  // The consumer and the restaurant of README's commands.
  const body = JSON.stringify({
    consumerId: 'ada',
    restaurantId: 'trattoria',
    lines: [{ itemId: 'soup', quantity: 1 }],
  });
  await cluster.forwarded(`service/${RELEASE}-order`, 80, async (port) => {
    const signal = AbortSignal.timeout(20_000);
    const answer = await fetch(`http://127.0.0.1:${port}/orders`, { method: 'POST', headers, body, signal });
    if (!answer.ok) throw new Error(`POST /orders answered ${answer.status} ${await answer.text()}`);
  });
  const spans = await cluster.eventually(
    'every span of the order',
    async () => {
      const seen = await spansOf(cluster, traceId);
      const names = seen.map(({ service, name }) => `${service}: ${name}`);
      const missing = SPANS.filter((name) => !names.includes(name));
      if (missing.length > 0) throw new Error(`missing ${missing.join(', ')}; there are ${names.join(', ')}`);
      return seen;
    },
    60_000,
  );
  const of = [...new Set(spans.map(({ service }) => service))].toSorted();
  return `${spans.length} spans of ${of.join(', ')} in one trace`;
}

async function idle(cluster: Cluster, { measured }: Findings): Promise<string> {
  const usages = await idleUsage(cluster);
  const ours = usages.filter(({ pod }) => pod.startsWith(`${RELEASE}-`));
  for (const { what, value } of usageTable(ours)) measured(what, value);
  return `${ours.length} containers`;
}

async function uninstalled(cluster: Cluster): Promise<string> {
  const before = await leftovers(cluster);
  await uninstall(cluster);
  const kept = before.filter((name) => /^(persistentvolumeclaim\/|secret\/.*-(state-store|broker|webhook-keys)$)/.test(name));
  const left = await cluster.eventually(
    'what belongs to the release goes',
    async () => {
      const still = await leftovers(cluster);
      const more = still.filter((name) => !kept.includes(name));
      if (more.length > 0) throw new Error(`still there: ${more.join(', ')}`);
      return still;
    },
    60_000,
  );
  const lost = kept.filter((name) => !left.includes(name));
  if (kept.length === 0 || lost.length > 0) throw new Error(`gone too: ${lost.join(', ') || 'volumes'}`);
  // As the notes of the chart say, to lose the data.
  await cluster.kubectl([
    'delete',
    'persistentvolumeclaim,secret',
    '--selector',
    `app.kubernetes.io/instance=${RELEASE}`,
  ]);
  return left.join(', ');
}
