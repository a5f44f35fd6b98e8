import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { inWords } from '../../deploy/tools/src/report.ts';
import type { Cluster } from './cluster.ts';
import { received } from './collector.ts';
import { firstOrderLines, loadLines } from './readme.ts';
import { RELEASE } from './release.ts';
import type { Findings } from './report.ts';
import { idleUsage, usageTable } from './usage.ts';

const root = resolve(import.meta.dirname, '../..');

/** Runs lines of shell as a person would, one after the other, and resolves to what the last one said. */
async function typed(cluster: Cluster, lines: readonly string[]): Promise<string> {
  const held = [];
  let said = '';
  try {
    for (const line of lines) {
      if (line.endsWith('&')) {
        // What runs in the background of a shell, and is there when the person has typed the next line.
        const child = cluster.held('bash', ['-c', `exec ${line.slice(0, -1)}`]);
        held.push(child);
        await child.line(/Forwarding from 127\.0\.0\.1/);
      } else said = await cluster.shell(line, { cwd: root });
    }
  } finally {
    for (const child of held) await child.stop();
  }
  return said;
}

/** README's commands on Kubernetes, run as written. */
export async function firstOrder(cluster: Cluster): Promise<string> {
  const said = await typed(cluster, await firstOrderLines());
  if (!said.includes('"status":"VALIDATED"')) throw new Error(`the last one said: ${said}`);
  return said.split('\n')[0] ?? '';
}

/** README's commands for load on a cluster, as written but for where the log lies, with the ports of the first order forwarded. */
export async function loadByForwardedPorts(cluster: Cluster): Promise<string> {
  const forwards = (await firstOrderLines()).filter((line) => line.endsWith('&'));
  const log = join(cluster.options.scratch, 'orders.jsonl');
  const commands = (await loadLines()).map((line) => line.replace('orders.jsonl', log));
  const said = await typed(cluster, [...forwards, ...commands]);
  const lines = said.split('\n');
  if (!lines.includes('lost: 0')) throw new Error(`the checker said: ${said}`);
  return lines.find((line) => line.includes('acknowledged')) ?? '';
}

export async function helmTest(cluster: Cluster, title: string, { measured }: Findings): Promise<string> {
  const began = performance.now();
  await cluster.helm(['test', RELEASE, '--timeout', '3m']);
  measured(`${title}: helm test`, inWords(performance.now() - began));
  return '';
}

const SPANS = [
  'order: POST /orders',
  'order: decide',
  'consumer: process consumer-commands',
  'restaurant: process restaurant-commands',
];

/** An order of README's consumer with a trace of its own: one tree below the client's span, of services and sidecars. */
export async function traced(cluster: Cluster): Promise<string> {
  const traceId = randomBytes(16).toString('hex');
  const client = randomBytes(8).toString('hex');
  const headers = { 'content-type': 'application/json', traceparent: `00-${traceId}-${client}-01` };
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
  const look = async () => {
    const spans = await received(cluster, traceId);
    const names = spans.map(({ service, name }) => `${service}: ${name}`);
    const missing = SPANS.filter((name) => !names.includes(name));
    if (missing.length > 0) throw new Error(`missing ${missing.join(', ')}; there are ${names.join(', ')}`);
    const known = new Set([client, ...spans.map(({ spanId }) => spanId)]);
    const apart = spans.filter(({ parentSpanId }) => !known.has(parentSpanId));
    if (apart.length > 0) throw new Error(`not in the tree: ${apart.map(({ name }) => name).join(', ')}`);
    const services = [...new Set(spans.map(({ service }) => service))].toSorted();
    for (const service of ['order', 'consumer', 'restaurant'])
      if (!services.includes(`${service} (dapr)`)) throw new Error(`no span of the sidecar of ${service}`);
    return `${spans.length} spans of ${services.join(', ')} in one tree`;
  };
  return cluster.eventually('every span of the order', look, 60_000);
}

/** What the release uses while nothing is asked of it. */
export async function idle(cluster: Cluster, { measured }: Findings): Promise<string> {
  const usages = await idleUsage(cluster);
  const ours = usages.filter(({ pod }) => pod.startsWith(`${RELEASE}-`));
  for (const { what, value } of usageTable(ours)) measured(what, value);
  return `${ours.length} containers`;
}
