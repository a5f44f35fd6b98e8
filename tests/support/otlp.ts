import { once } from 'node:events';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import protobuf from 'protobufjs';

/** A span as a collector receives it. */
export interface Span {
  /** The service; `order (dapr)` for the sidecar of `order`. */
  readonly service: string;
  /** The instance id of the service's process. */
  readonly instance: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty at the root. */
  readonly parentSpanId: string;
  readonly name: string;
  /** OTLP's numbers: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** The part of OTLP that the tests read (opentelemetry/proto/trace/v1/trace.proto and its imports). */
const traces = protobuf
  .parse(`
    syntax = "proto3";
    message Traces { repeated ResourceSpans resourceSpans = 1; }
    message ResourceSpans { Resource resource = 1; repeated ScopeSpans scopeSpans = 2; }
    message Resource { repeated KeyValue attributes = 1; }
    message ScopeSpans { repeated Span spans = 2; }
    message Span {
      bytes traceId = 1; bytes spanId = 2; bytes parentSpanId = 4; string name = 5; uint32 kind = 6;
      repeated KeyValue attributes = 9; repeated Link links = 13;
    }
    message Link { bytes traceId = 1; bytes spanId = 2; }
    message KeyValue { string key = 1; AnyValue value = 2; }
    message AnyValue { oneof value { string string = 1; bool bool = 2; int64 int = 3; double double = 4; } }
  `)
  .root.lookupType('Traces');

interface SentAttribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface SentTraces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly SentAttribute[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<
        Span,
        'service' | 'instance' | 'traceId' | 'spanId' | 'parentSpanId' | 'links' | 'attributes'
      > & {
        readonly traceId: Buffer;
        readonly spanId: Buffer;
        readonly parentSpanId: Buffer;
        readonly links: readonly { readonly traceId: Buffer; readonly spanId: Buffer }[];
        readonly attributes: readonly SentAttribute[];
      })[];
    }[];
  }[];
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

const attributesOf = (attributes: readonly SentAttribute[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

/** The spans in a request of OTLP over HTTP (protobuf). */
export function spansOf(body: Buffer): Span[] {
  const { resourceSpans } = traces.toObject(traces.decode(body), { arrays: true, defaults: true }) as SentTraces;
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const about = attributesOf(resource.attributes);
    const service = String(about['service.name']);
    return scopeSpans.flatMap(({ spans }) =>
      spans.map(({ traceId, spanId, parentSpanId, name, kind, links, attributes }) => ({
        service: about['telemetry.sdk.language'] === 'nodejs' ? service : `${service} (dapr)`,
        instance: String(about['service.instance.id']),
        traceId: hex(traceId),
        spanId: hex(spanId),
        parentSpanId: hex(parentSpanId),
        name,
        kind,
        links: links.map((link) => ({ traceId: hex(link.traceId), spanId: hex(link.spanId) })),
        attributes: attributesOf(attributes),
      })),
    );
  });
}

/** A collector on loopback that receives OTLP over HTTP and keeps every span. */
export interface Collector {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  /** For OTEL_EXPORTER_OTLP_HEADERS. */
  readonly headers: string;
  readonly spans: readonly Span[];
  close(): Promise<void>;
}

const PATH = '/otlp';
const HEADER = 'x-tenant';
const TENANT = 'shop 1';

/** Starts a collector on a free port. It ignores requests with another path, or without its header. */
export async function startCollector(): Promise<Collector> {
  const spans: Span[] = [];
  const server = createServer(async (request, response) => {
    const sent = await buffer(request);
    const isOurs = request.url === `${PATH}/v1/traces` && request.headers[HEADER] === TENANT;
    if (isOurs) spans.push(...spansOf(sent));
    response.setHeader('content-type', 'application/x-protobuf');
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the collector has no port');
  return {
    url: `http://127.0.0.1:${address.port}${PATH}`,
    headers: `${HEADER}=${encodeURIComponent(TENANT)}`,
    spans,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
