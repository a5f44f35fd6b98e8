// A stand-in for a collector: takes OTLP over HTTP and prints a line per span that came as JSON. What Dapr sends as protobuf
// is taken and not read.
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

/**
 * @typedef {{ key: string, value: { stringValue?: string } }} Attribute
 * @typedef {{ traceId: string, spanId: string, parentSpanId?: string, name: string }} Span
 * @typedef {{ resource: { attributes: Attribute[] }, scopeSpans: { spans: Span[] }[] }} ResourceSpans
 */

createServer(async (request, response) => {
  if (request.headers['content-type']?.startsWith('application/json') && request.url === '/v1/traces') {
    const { resourceSpans } = /** @type {{ resourceSpans: ResourceSpans[] }} */ (await json(request));
    for (const { resource, scopeSpans } of resourceSpans) {
      const named = resource.attributes.find(({ key }) => key === 'service.name');
      for (const { spans } of scopeSpans)
        for (const { traceId, spanId, parentSpanId, name } of spans)
          console.log(JSON.stringify({ service: named?.value.stringValue, traceId, spanId, parentSpanId, name }));
    }
  } else request.resume();
  response.setHeader('content-type', request.headers['content-type'] ?? 'application/json');
  response.end(request.headers['content-type']?.startsWith('application/json') ? '{}' : '');
}).listen(4318);
