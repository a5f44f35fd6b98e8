import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { checkConformance, operationsIn, otherMethods, type TestedApi } from './conformance.ts';
import type { OpenApi } from './documents.ts';

const thing = { type: 'object', properties: { name: { type: 'string', minLength: 1 } }, required: ['name'] };
const problem = { type: 'object', properties: { status: { type: 'integer' } }, required: ['status'] };
const json = (name: string) => ({ 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } });
const document: OpenApi = {
  paths: {
    '/things': {
      post: {
        operationId: 'create',
        security: [],
        requestBody: { content: json('Thing') },
        responses: { 201: { headers: { Location: {} }, content: json('Thing') }, 422: {}, 503: {} },
      },
    },
  },
  components: { schemas: { Thing: thing, Problem: problem } },
};

type Answer = (response: ServerResponse, body: string, request: IncomingMessage) => unknown;

const refuse = (status: number, response: ServerResponse, headers = {}) =>
  response
    .writeHead(status, { 'content-type': 'application/problem+json', ...headers })
    .end(response.req.method === 'HEAD' ? undefined : JSON.stringify({ status }));

function nameIn(body: string): unknown {
  try {
    return JSON.parse(body).name;
  } catch {
    return undefined;
  }
}

const answerRight: Answer = (response, body, { method }) => {
  if (method !== 'POST') return refuse(405, response, { allow: 'POST' });
  const name = nameIn(body);
  if (typeof name !== 'string' || name === '') return refuse(422, response);
  return response
    .writeHead(201, { 'content-type': 'application/json', location: '/things/1' })
    .end(JSON.stringify({ name }));
};

async function serve(answer: Answer): Promise<TestedApi> {
  const server = createServer(async (request, response) => answer(response, await text(request), request));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { base, document, known: {}, sidecarHeaders: {} };
}

async function check(answer: Answer): Promise<void> {
  const [tested] = operationsIn(document);
  if (tested) await checkConformance(await serve(answer), tested, { seed: 1, requests: 50 });
}

test('accepts a service that answers as its document states', async () => {
  await check(answerRight);
  expect(await otherMethods(await serve(answerRight), '/things')).toEqual([]);
});

test.each<[string, Answer, string]>([
  ['an internal error', (response) => refuse(500, response), 'it is a 500'],
  ['a status that is not documented', (response) => refuse(409, response), 'its status 409 is not documented'],
  ['a 503 without Retry-After', (response) => refuse(503, response), 'it has no Retry-After'],
  [
    'another content type',
    (response) => response.writeHead(201, { 'content-type': 'text/plain', location: '/' }).end('created'),
    'its content type text/plain is not documented',
  ],
  [
    'a body that does not match its schema',
    (response) => response.writeHead(201, { 'content-type': 'application/json', location: '/' }).end('{"name":""}'),
    'its body does not match its schema',
  ],
  [
    'a documented header that is missing',
    (response) => response.writeHead(201, { 'content-type': 'application/json' }).end('{"name":"x"}'),
    'it has no Location',
  ],
  [
    'an invalid body that is accepted',
    (response) => response.writeHead(201, { 'content-type': 'application/json', location: '/' }).end('{"name":"x"}'),
    'it accepts a body that does not match its schema',
  ],
])('finds %s, and states the seed', async (_, answer, fault) => {
  const found = check(answer);
  await expect(found).rejects.toThrow('seed: 1');
  await expect(found).rejects.toMatchObject({ cause: { message: expect.stringContaining(fault) } });
});

test('finds another answer to a method that the path does not have', async () => {
  const api = await serve((response) => refuse(404, response));
  expect(await otherMethods(api, '/things')).toContain('DELETE /things: 404 ');
  const withoutAllow = await serve((response) => refuse(405, response));
  expect(await otherMethods(withoutAllow, '/things')).toContain('PUT /things: 405 ');
});
