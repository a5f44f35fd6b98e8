// A stand-in for a collector: takes OTLP over HTTP and prints each request for traces as a line of base64.
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';

createServer(async (request, response) => {
  const body = await buffer(request);
  if (request.url === '/v1/traces') console.log(body.toString('base64'));
  response.setHeader('content-type', 'application/x-protobuf');
  response.end();
}).listen(4318);
