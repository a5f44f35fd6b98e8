import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { AsyncApi, OpenApi } from './compare-documents.ts';
import { asyncApiBreaks, openApiBreaks } from './compare-documents.ts';
import { createCurrentDocuments, publishedFile, type ServiceDocuments } from './current-documents.ts';

const current = createCurrentDocuments();
const last = (service: string): ServiceDocuments => JSON.parse(readFileSync(publishedFile(service), 'utf8'));

test.each(Object.keys(current))('the contracts of %s are compatible with the published version', (service) => {
  expect(existsSync(publishedFile(service)), 'run `npm run publish:contracts` once').toBe(true);
  const { openapi, asyncapi } = current[service] as ServiceDocuments;
  expect(openApiBreaks(last(service).openapi, openapi)).toEqual([]);
  expect(asyncApiBreaks(last(service).asyncapi, asyncapi)).toEqual([]);
});

type MutableDocument = Record<string, unknown> & { [key: string]: MutableDocument };

/** The document with the value at this path replaced, or deleted when it is undefined. */
function changed<D extends OpenApi | AsyncApi>(document: D, path: readonly string[], value: unknown): D {
  const copy = structuredClone(document) as unknown as MutableDocument;
  const parent = path.slice(0, -1).reduce((part, name) => part[name] as MutableDocument, copy);
  const name = path.at(-1) ?? '';
  if (value === undefined) delete parent[name];
  else Object.assign(parent, { [name]: value });
  return copy as unknown as D;
}

const { openapi, asyncapi } = current.order as ServiceDocuments;
const post = ['paths', '/orders', 'post'];
const order = ['components', 'schemas', 'Order'];
const request = ['components', 'schemas', 'OrderRequest'];
const command = ['components', 'messages', 'validate-consumer-info.v1', 'payload', 'properties', 'data'];
const reply = ['components', 'messages', 'consumer-validated.v1', 'payload', 'properties', 'data'];
const statuses = openapi.components.schemas.Order?.properties?.status as { readonly enum: string[] };
const text = { type: 'string' };

describe('HTTP', () => {
  test.each<[string, readonly string[], unknown, string]>([
    ['a removed operation', ['paths', '/orders/{id}', 'get'], undefined, 'GET /orders/{id}: was removed'],
    ['a removed field of a response', [...order, 'properties', 'reasons'], undefined, 'reasons: was removed'],
    ['a response field that became optional', [...order, 'required'], ['id'], 'status: can be missing'],
    ['a new value in a response', [...order, 'properties', 'status', 'enum'], [...statuses.enum, 'LOST'], '"LOST"'],
    ['another type in a response', [...order, 'properties', 'id'], { type: 'integer' }, 'can be of type integer'],
    [
      'a new required field of a request',
      [...request, 'required'],
      ['consumerId', 'restaurantId', 'lines', 'tip'],
      'tip',
    ],
    ['a removed field of a request', [...request, 'properties', 'restaurantId'], undefined, 'was removed'],
    ['a lower limit in a request', [...request, 'properties', 'lines', 'maxItems'], 50, 'maxItems'],
    [
      'another pattern in a request',
      [...request, 'properties', 'consumerId', 'pattern'],
      '^x$',
      'its pattern has changed',
    ],
    [
      'a removed header',
      [...post, 'responses', '202', 'headers', 'Location'],
      undefined,
      'the header Location was removed',
    ],
    ['a new success status', [...post, 'responses', '207'], { description: '' }, 'responds 207'],
    ['a newly required token', ['paths', '/healthz', 'get', 'security'], [{ bearer: [] }], 'requires a token'],
    [
      'a new required parameter',
      [...post, 'parameters'],
      [{ name: 'X-Shop', in: 'header', required: true, schema: text }],
      'X-Shop: is required',
    ],
  ])('%s breaks compatibility', (_, path, value, message) => {
    const breaks = openApiBreaks(openapi, changed(openapi, path, value));
    expect(breaks.join('\n')).toContain(message);
  });

  test.each<[string, readonly string[], unknown]>([
    ['a new operation', ['paths', '/orders/{id}/bill'], { get: { security: [], responses: {} } }],
    ['a new field of a response', [...order, 'properties', 'note'], text],
    ['a removed value in a response', [...order, 'properties', 'status', 'enum'], statuses.enum.slice(1)],
    ['a new optional field of a request', [...request, 'properties', 'note'], text],
    ['a higher limit in a request', [...request, 'properties', 'lines', 'maxItems'], 500],
    ['a new problem', [...post, 'responses', '429'], { description: '' }],
    [
      'a new optional parameter',
      [...post, 'parameters', '9'],
      { name: 'X', in: 'query', required: false, schema: text },
    ],
    ['another description', [...order, 'description'], 'an order'],
  ])('%s is compatible', (_, path, value) => {
    expect(openApiBreaks(openapi, changed(openapi, path, value))).toEqual([]);
  });
});

describe('messages', () => {
  test.each<[string, readonly string[], unknown, string]>([
    ['a removed channel', ['operations', 'receive-order-replies'], undefined, 'receive-order-replies: was removed'],
    [
      'a removed message type',
      ['operations', 'receive-order-replies', 'messages'],
      [],
      'consumer-validated.v1 was removed',
    ],
    [
      'a new message type on an existing channel',
      ['operations', 'send-consumer-commands', 'messages', '1'],
      { $ref: '#/x/validate-more.v1' },
      'validate-more.v1 is new to the receivers',
    ],
    [
      'a batch with a message that its receivers do not support',
      ['operations', 'send-consumer-commands', 'messages', '1'],
      { $ref: '#/x/order-replies-batch.v1' },
      'order-replies-batch.v1 is new to the receivers',
    ],
    ['a field that is no longer sent', [...command, 'properties', 'consumerId'], undefined, 'consumerId: was removed'],
    ['a field that is sent with another type', [...command, 'properties', 'consumerId'], { type: 'null' }, 'type null'],
    [
      'a new required field of a received message',
      [...reply, 'required'],
      ['orderId', 'token', 'orderLimit', 'at'],
      'data.at',
    ],
    ['a field that is no longer read', [...reply, 'properties', 'orderLimit'], undefined, 'orderLimit: was removed'],
  ])('%s breaks compatibility', (_, path, value, message) => {
    expect(asyncApiBreaks(asyncapi, changed(asyncapi, path, value)).join('\n')).toContain(message);
  });

  test.each<[string, readonly string[], unknown]>([
    ['a new field of a sent message', [...command, 'properties', 'note'], text],
    ['a new optional field of a received message', [...reply, 'properties', 'note'], text],
    [
      'a new batch of messages that are sent already',
      ['operations', 'send-consumer-commands', 'messages', '9'],
      { $ref: '#/x/consumer-commands-batch.v1' },
    ],
    ['a new channel', ['operations', 'send-more'], { action: 'send', messages: [] }],
    ['a new received message type', ['operations', 'receive-order-replies', 'messages', '9'], { $ref: '#/x/y' }],
  ])('%s is compatible', (_, path, value) => {
    expect(asyncApiBreaks(asyncapi, changed(asyncapi, path, value))).toEqual([]);
  });
});
