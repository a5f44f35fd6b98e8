import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { AsyncApi, OpenApi } from './documents.ts';
import { asyncApiBreaks, openApiBreaks } from './documents.ts';
import { type Documents, documentsOfToday, published } from './documents-of-today.ts';

const today = documentsOfToday();
const last = (service: string): Documents => JSON.parse(readFileSync(published(service), 'utf8'));

test.each(Object.keys(today))('whoever goes by the last version of %s is still served and understood', (service) => {
  expect(existsSync(published(service)), 'run services/contracts/compatibility/publish.ts once').toBe(true);
  const { openapi, asyncapi } = today[service] as Documents;
  expect(openApiBreaks(last(service).openapi, openapi)).toEqual([]);
  expect(asyncApiBreaks(last(service).asyncapi, asyncapi)).toEqual([]);
});

type Changeable = Record<string, unknown> & { [key: string]: Changeable };

/** The document after a change to the part at this path; the last name of it can be set or deleted. */
function changed<D extends OpenApi | AsyncApi>(document: D, path: readonly string[], value: unknown): D {
  const copy = structuredClone(document) as unknown as Changeable;
  const parent = path.slice(0, -1).reduce((part, name) => part[name] as Changeable, copy);
  const name = path.at(-1) ?? '';
  if (value === undefined) delete parent[name];
  else Object.assign(parent, { [name]: value });
  return copy as unknown as D;
}

const { openapi, asyncapi } = today.order as Documents;
const post = ['paths', '/orders', 'post'];
const order = ['components', 'schemas', 'Order'];
const request = ['components', 'schemas', 'OrderRequest'];
const command = ['components', 'messages', 'validate-consumer-info.v1', 'payload', 'properties', 'data'];
const reply = ['components', 'messages', 'consumer-validated.v1', 'payload', 'properties', 'data'];
const statuses = openapi.components.schemas.Order?.properties?.status as { readonly enum: string[] };
const text = { type: 'string' };

describe('HTTP', () => {
  test.each<[string, readonly string[], unknown, string]>([
    ['an operation that is gone', ['paths', '/orders/{id}', 'get'], undefined, 'GET /orders/{id}: is gone'],
    ['a field that is gone from an answer', [...order, 'properties', 'reasons'], undefined, 'reasons: is gone'],
    ['a field of an answer that may be missing', [...order, 'required'], ['id'], 'status: can be missing'],
    ['one more value in an answer', [...order, 'properties', 'status', 'enum'], [...statuses.enum, 'LOST'], '"LOST"'],
    ['another type in an answer', [...order, 'properties', 'id'], { type: 'integer' }, 'can be of type integer'],
    [
      'a field that a request must have',
      [...request, 'required'],
      ['consumerId', 'restaurantId', 'lines', 'tip'],
      'tip',
    ],
    ['a field that a request cannot have any more', [...request, 'properties', 'restaurantId'], undefined, 'is gone'],
    ['fewer lines in a request', [...request, 'properties', 'lines', 'maxItems'], 50, 'maxItems'],
    [
      'another pattern in a request',
      [...request, 'properties', 'consumerId', 'pattern'],
      '^x$',
      'its pattern is another',
    ],
    [
      'a header that is gone',
      [...post, 'responses', '202', 'headers', 'Location'],
      undefined,
      'the header Location is gone',
    ],
    ['a success that nobody expects', [...post, 'responses', '207'], { description: '' }, 'answers 207'],
    ['a token that is demanded', ['paths', '/healthz', 'get', 'security'], [{ bearer: [] }], 'demands a token'],
    [
      'a parameter that is demanded',
      [...post, 'parameters'],
      [{ name: 'X-Shop', in: 'header', required: true, schema: text }],
      'X-Shop: is demanded',
    ],
  ])('%s is a break', (_, path, value, said) => {
    const breaks = openApiBreaks(openapi, changed(openapi, path, value));
    expect(breaks.join('\n')).toContain(said);
  });

  test.each<[string, readonly string[], unknown]>([
    ['an operation more', ['paths', '/orders/{id}/bill'], { get: { security: [], responses: {} } }],
    ['a field more in an answer', [...order, 'properties', 'note'], text],
    ['one value less in an answer', [...order, 'properties', 'status', 'enum'], statuses.enum.slice(1)],
    ['a field more that a request may have', [...request, 'properties', 'note'], text],
    ['more lines in a request', [...request, 'properties', 'lines', 'maxItems'], 500],
    ['a problem more', [...post, 'responses', '429'], { description: '' }],
    ['a parameter more', [...post, 'parameters', '9'], { name: 'X', in: 'query', required: false, schema: text }],
    ['another description', [...order, 'description'], 'an order'],
  ])('%s is none', (_, path, value) => {
    expect(openApiBreaks(openapi, changed(openapi, path, value))).toEqual([]);
  });
});

describe('messages', () => {
  test.each<[string, readonly string[], unknown, string]>([
    ['a channel that is gone', ['operations', 'receive-order-replies'], undefined, 'receive-order-replies: is gone'],
    ['a type that is gone', ['operations', 'receive-order-replies', 'messages'], [], 'consumer-validated.v1 is gone'],
    [
      'a type that its receivers do not know',
      ['operations', 'send-consumer-commands', 'messages', '1'],
      { $ref: '#/x/validate-more.v1' },
      'validate-more.v1 is new to the receivers',
    ],
    ['a field that is no longer sent', [...command, 'properties', 'consumerId'], undefined, 'consumerId: is gone'],
    ['a field that is sent as another type', [...command, 'properties', 'consumerId'], { type: 'null' }, 'type null'],
    ['a field that must have been sent', [...reply, 'required'], ['orderId', 'token', 'orderLimit', 'at'], 'data.at'],
    ['a field that is no longer read', [...reply, 'properties', 'orderLimit'], undefined, 'orderLimit: is gone'],
  ])('%s is a break', (_, path, value, said) => {
    expect(asyncApiBreaks(asyncapi, changed(asyncapi, path, value)).join('\n')).toContain(said);
  });

  test.each<[string, readonly string[], unknown]>([
    ['a field more that is sent', [...command, 'properties', 'note'], text],
    ['a field more that may be sent to us', [...reply, 'properties', 'note'], text],
    ['a channel more', ['operations', 'send-more'], { action: 'send', messages: [] }],
    [
      'a type more that we would understand',
      ['operations', 'receive-order-replies', 'messages', '9'],
      { $ref: '#/x/y' },
    ],
  ])('%s is none', (_, path, value) => {
    expect(asyncApiBreaks(asyncapi, changed(asyncapi, path, value))).toEqual([]);
  });
});
