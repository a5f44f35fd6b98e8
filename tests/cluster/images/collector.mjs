// A stand-in for an OTLP collector: receives OTLP over HTTP, and prints each request with traces as a line of base64.
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';

createServer(async (request, response) => {
  const body = await buffer(request);
  if (request.url === '/v1/traces') console.log(body.toString('base64'));
  response.setHeader('content-type', 'application/x-protobuf');
  response.end();
}).listen(4318);
