import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { inWords } from '../../deploy/tools/src/report.ts';
import type { Measure } from './check-runner.ts';
import type { Cluster } from './cluster.ts';
import { readSpans } from './collector.ts';
import { fixedLocalPorts, requireFreePorts } from './local-ports.ts';
import { firstOrderCommands, loadCommands } from './readme.ts';
import { RELEASE } from './release.ts';
import { measureUsage, usageTable } from './usage.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** Runs lines of shell in sequence, as a person would type them, and resolves to the output of the last one. */
async function runCommands(cluster: Cluster, lines: readonly string[]): Promise<string> {
  const forwards = [];
  let output = '';
  try {
    for (const line of lines) {
      if (line.endsWith('&')) {
        await requireFreePorts(fixedLocalPorts([line]));
        const forward = cluster.startProgram('bash', ['-c', `exec ${line.slice(0, -1)}`]);
        forwards.push(forward);
        // A person takes longer to type the next line than the port-forward takes to start.
        await forward.waitForLine(/Forwarding from 127\.0\.0\.1/);
      } else output = await cluster.shell(line, { cwd: ROOT });
    }
  } finally {
    for (const forward of forwards) await forward.stop();
  }
  return output;
}

/** Runs README's commands on Kubernetes unchanged. */
export async function placeFirstOrder(cluster: Cluster): Promise<string> {
  const output = await runCommands(cluster, await firstOrderCommands());
  if (!output.includes('"status":"VALIDATED"')) throw new Error(`the last command printed: ${output}`);
  return output.split('\n')[0] ?? '';
}

/** Runs README's commands for load on a cluster, with the ports of the first order forwarded. Only the log's path differs. */
export async function loadThroughForwardedPorts(cluster: Cluster): Promise<string> {
  const forwards = (await firstOrderCommands()).filter((line) => line.endsWith('&'));
  const log = join(cluster.options.scratch, 'orders.jsonl');
  const commands = (await loadCommands()).map((line) => line.replace('orders.jsonl', log));
  const output = await runCommands(cluster, [...forwards, ...commands]);
  const lines = output.split('\n');
  if (!lines.includes('lost: 0')) throw new Error(`the checker printed: ${output}`);
  return lines.find((line) => line.includes('acknowledged')) ?? '';
}

export async function runHelmTest(cluster: Cluster, title: string, measure: Measure): Promise<string> {
  const startedAt = performance.now();
  await cluster.helm(['test', RELEASE, '--timeout', '3m']);
  measure(`${title}: helm test`, inWords(performance.now() - startedAt));
  return '';
}

const SPANS = [
  'order: POST /orders',
  'order: decide',
  'consumer: process consumer-commands',
  'restaurant: process restaurant-commands',
];

/** Places an order of README's consumer with its own trace: the spans of services and sidecars form one tree below the client's. */
export async function checkTrace(cluster: Cluster): Promise<string> {
  const traceId = randomBytes(16).toString('hex');
  const client = randomBytes(8).toString('hex');
  const headers = { 'content-type': 'application/json', traceparent: `00-${traceId}-${client}-01` };
  const body = JSON.stringify({
    consumerId: 'ada',
    restaurantId: 'trattoria',
    lines: [{ itemId: 'soup', quantity: 1 }],
  });
  await cluster.forward(`service/${RELEASE}-order`, 80, async (port) => {
    const signal = AbortSignal.timeout(20_000);
    const response = await fetch(`http://127.0.0.1:${port}/orders`, { method: 'POST', headers, body, signal });
    if (!response.ok) throw new Error(`POST /orders responded ${response.status} ${await response.text()}`);
  });
  const readTree = async () => {
    const spans = await readSpans(cluster, traceId);
    const names = spans.map(({ service, name }) => `${service}: ${name}`);
    const missing = SPANS.filter((name) => !names.includes(name));
    if (missing.length > 0) throw new Error(`missing ${missing.join(', ')}; received ${names.join(', ')}`);
    const ids = new Set([client, ...spans.map(({ spanId }) => spanId)]);
    const detached = spans.filter(({ parentSpanId }) => !ids.has(parentSpanId));
    if (detached.length > 0) throw new Error(`not in the tree: ${detached.map(({ name }) => name).join(', ')}`);
    const services = [...new Set(spans.map(({ service }) => service))].toSorted();
    for (const service of ['order', 'consumer', 'restaurant'])
      if (!services.includes(`${service} (dapr)`)) throw new Error(`no span of the sidecar of ${service}`);
    return `${spans.length} spans of ${services.join(', ')} in one tree`;
  };
  return cluster.waitFor('every span of the order', readTree, 60_000);
}

/** Measures the use of processor and memory without requests. */
export async function measureIdleUse(cluster: Cluster, measure: Measure): Promise<string> {
  const usages = await measureUsage(cluster);
  const ofRelease = usages.filter(({ pod }) => pod.startsWith(`${RELEASE}-`));
  for (const { what, value } of usageTable(ofRelease)) measure(what, value);
  return `${ofRelease.length} containers`;
}
