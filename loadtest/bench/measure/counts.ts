/** Sums the samples of one metric in a Prometheus text exposition, over all label sets that include the given labels. */
export function sumOf(exposition: string, metric: string, labels: Readonly<Record<string, string>> = {}): number {
  let sum = 0;
  for (const line of exposition.split('\n')) {
    if (!line.startsWith(metric)) continue;
    const rest = line.slice(metric.length);
    if (rest[0] !== '{' && rest[0] !== ' ') continue;
    if (!Object.entries(labels).every(([name, value]) => rest.includes(`${name}="${value}"`))) continue;
    sum += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return sum;
}

/** Number of calls by command name, from the response of INFO. */
export function commandCounts(info: string): Record<string, number> {
  const counts = info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm);
  return Object.fromEntries([...counts].map(([, name, calls]) => [name, Number(calls)]));
}

/** Totals of a Redis since it started. */
export interface RedisTotals {
  /** Commands, those inside scripts and transactions included. */
  readonly commands: number;
  /** Size of the append-only file. */
  readonly aofBytes: number;
}

/** Reads the response of INFO (all sections). */
export function redisTotals(info: string): RedisTotals {
  return {
    commands: Object.values(commandCounts(info)).reduce((sum, calls) => sum + calls, 0),
    aofBytes: Number(/^aof_current_size:(\d+)/m.exec(info)?.[1] ?? Number.NaN),
  };
}

/** Totals of a sidecar since it started. */
export interface SidecarTotals {
  /** Requests to its APIs, over HTTP and gRPC. */
  readonly calls: number;
  /** Bytes of those requests and of their responses. */
  readonly bytes: number;
  /** Operations on the state store; a transaction or a bulk get is one. */
  readonly stateOperations: number;
}

const sumOfAll = (exposition: string, metrics: readonly string[]): number =>
  metrics.reduce((sum, metric) => sum + sumOf(exposition, metric), 0);

/** URL of a sidecar's metrics, which are on the last of its ports. */
export const metricsUrl = (ports: readonly number[]): string => `http://127.0.0.1:${ports.at(-1)}/metrics`;

/** Reads daprd's metrics. */
export function sidecarTotals(exposition: string): SidecarTotals {
  return {
    calls: sumOfAll(exposition, ['dapr_http_server_request_count', 'dapr_grpc_io_server_completed_rpcs']),
    bytes: sumOfAll(exposition, [
      'dapr_http_server_request_bytes_sum',
      'dapr_http_server_response_bytes_sum',
      'dapr_grpc_io_server_received_bytes_per_rpc_sum',
      'dapr_grpc_io_server_sent_bytes_per_rpc_sum',
    ]),
    stateOperations: sumOf(exposition, 'dapr_component_state_count'),
  };
}

/** after - before, field by field. A field that `before` does not have counts from 0. */
export function difference<T extends { readonly [K in keyof T]: number }>(after: T, before: T): T {
  return Object.fromEntries(
    Object.keys(after).map((key) => [key, after[key as keyof T] - (before[key as keyof T] ?? 0)]),
  ) as T;
}
