import type { Span } from './otlp.ts';

/** A span and the spans below it; siblings in any order. */
export type Tree = readonly [span: string, ...below: Tree[]];

/** The spans of a message: sent, delivered by its receiver's sidecar, and handled there, with the spans that follow. */
export const message = (from: string, topic: string, to: string, ...follows: Tree[]): Tree => [
  `${from}: send ${topic}`,
  [`${to} (dapr): pubsub/${topic}`],
  [`${to}: process ${topic}`, ...follows],
];

/** A call of a service to its own sidecar's HTTP API: a client span and the sidecar's server span. */
export const call = (from: string, method: string, path: string, ...below: Tree[]): Tree => [
  `${from}: ${method}`,
  [`${from} (dapr): ${path}`, ...below],
];

/** A call of a service to its own sidecar's gRPC API. */
export const rpc = (from: string, method: string): Tree => [
  `${from}: dapr.proto.runtime.v1.Dapr/${method}`,
  [`${from} (dapr): /dapr.proto.runtime.v1.Dapr/${method}`],
];

/** Whether this is the sidecar's span of a delivery. For a batch message it is in the trace of the batch, not in those of its orders. */
export const isDelivery = (text: string): boolean => text.includes(' (dapr): pubsub/');

/** A line for each span, indented by depth; siblings are sorted by their lines. */
export function linesOf([span, ...below]: Tree): string[] {
  return [span, ...sorted(below.map(linesOf)).map((line) => `  ${line}`)];
}

/** The same lines for received spans, without their root. */
export function linesBelow(parentSpanId: string, spans: readonly Span[]): string[] {
  const siblings = spans.filter((span) => span.parentSpanId === parentSpanId);
  return sorted(
    siblings.map(({ service, name, spanId }) => [
      `${service}: ${name}`,
      ...linesBelow(spanId, spans).map((line) => `  ${line}`),
    ]),
  );
}

const sorted = (subtrees: readonly string[][]): string[] =>
  subtrees.toSorted((a, b) => (a.join('\n') < b.join('\n') ? -1 : 1)).flat();

/** Kinds of spans by OTLP's numbers. */
const kinds: Readonly<Record<string, number>> = { send: 4, process: 5 };

/** The attributes of OpenTelemetry's messaging conventions that a span lacks. */
export function conventionFaults({ name, service, kind, attributes }: Span): string[] {
  const [operation = '', topic = ''] = name.split(' ');
  if (kinds[operation] === undefined) return [];
  const due = {
    'messaging.system': 'dapr',
    'messaging.destination.name': topic,
    'messaging.operation.name': operation,
    'messaging.operation.type': operation,
  };
  const faults = Object.entries(due).filter(([key, value]) => attributes[key] !== value);
  const ids = ['messaging.message.id', 'cloudevents.event_id'].filter((key) => !attributes[key]);
  return [...faults.map(([key]) => key), ...ids, ...(kind === kinds[operation] ? [] : ['kind'])].map(
    (fault) => `${service}: ${name}: ${fault}`,
  );
}
