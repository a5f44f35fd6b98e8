import specs from '@asyncapi/specs';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { expect, test } from 'vitest';
import { asyncApiOf } from './asyncapi.ts';
import { BATCH_ENTRY_TYPES, batchTypeOf } from './batches.ts';
import { dataSchemaOf } from './cloud-event.ts';
import type { Message } from './messages.ts';
import batches from './samples/batches.json' with { type: 'json' };
import samples from './samples/messages.json' with { type: 'json' };
import { SENDERS } from './senders.ts';
import { OUTCOME_TYPES, outcomeTopic, TOPICS, type Topic } from './topics.ts';

const services = [...new Set(Object.values<Topic>(TOPICS).map(({ subscriber }) => subscriber))];

interface AsyncApiDocument {
  readonly channels: Record<string, { readonly address: string; readonly messages: Record<string, object> }>;
  readonly operations: Record<string, { readonly action: string; readonly messages: { readonly $ref: string }[] }>;
  readonly components: {
    readonly messages: Record<
      string,
      {
        readonly name: string;
        readonly payload: object;
        readonly 'x-entry-types'?: readonly string[];
        readonly examples: readonly { readonly payload: unknown }[];
      }
    >;
  };
}
const documentOf = (service: Topic['subscriber']) => asyncApiOf(service) as unknown as AsyncApiDocument;

/** The schema of AsyncAPI, which includes that of JSON Schema. */
const official = addFormats
  .default(new Ajv.default({ allErrors: true, strict: false, meta: false, validateSchema: false }))
  .compile(specs.schemas['3.0.0'] as object);
const ajv = () => addFormats.default(new Ajv.default({ allErrors: true, strictTypes: false }));

function resolve(document: object, reference: string): unknown {
  return reference
    .slice(2)
    .split('/')
    .reduce<unknown>((found, key) => (found as Record<string, unknown> | undefined)?.[key], document);
}

test.each(services)('the document of %s is AsyncAPI 3', (service) => {
  official(documentOf(service));
  expect(official.errors).toBeNull();
});

test('the validator finds a fault', () => {
  expect(official({ ...documentOf('order'), operations: { 'send-x': { action: 'shout' } } })).toBe(false);
});

test.each(services)('%s: every reference resolves', (service) => {
  const document = documentOf(service);
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
    ([, reference = '']) => reference,
  );
  expect(references.length).toBeGreaterThan(0);
  for (const reference of references) expect(resolve(document, reference), reference).toBeDefined();
});

test('every message is sent and received by the services that the topics list', () => {
  const uses = services.flatMap((service) =>
    Object.values(documentOf(service).operations).flatMap(({ action, messages }) =>
      messages.map(({ $ref }) => `${action} ${$ref.slice($ref.lastIndexOf('/') + 1)}`),
    ),
  );
  const sent = Object.entries(SENDERS).filter(([, sender]) => sender !== 'client');
  const received = Object.keys(SENDERS).filter((type) => !(OUTCOME_TYPES as readonly string[]).includes(type));
  // A confirmation is received on two topics: on order-replies from clients of 0.1.0.
  received.push('com.standing-order.outcome-received.v1');
  const short = (type: string) => type.slice('com.standing-order.'.length);
  const batchesOf = (action: string) =>
    services.flatMap((service) =>
      Object.values<Topic>(TOPICS).flatMap(({ name, types, subscriber }) => {
        const batch = batchTypeOf(name);
        const carried: readonly string[] = batch ? BATCH_ENTRY_TYPES[batch] : [];
        const uses = types.some(
          (type) => carried.includes(type) && (action === 'receive' || SENDERS[type] === service),
        );
        return batch && uses && (action === 'send' || subscriber === service) ? [`${action} ${short(batch)}`] : [];
      }),
    );
  const outcomes = batchTypeOf(outcomeTopic('shop'));
  expect(uses.toSorted()).toEqual(
    [
      `send ${short(outcomes ?? '')}`,
      ...sent.map(([type]) => `send ${short(type)}`),
      ...received.map((type) => `receive ${short(type)}`),
      ...batchesOf('send'),
      ...batchesOf('receive'),
    ].toSorted(),
  );
});

test.each(services)('%s: its schemas accept every message that was ever sent', (service) => {
  for (const message of Object.values(documentOf(service).components.messages)) {
    const { name, payload, 'x-entry-types': entryTypes } = message;
    const isCarried = ({ data }: (typeof batches)[number]) =>
      data.entries.every(({ type }) => entryTypes?.some((entry) => type.endsWith(`.${entry}`)));
    const examples = [...samples, ...batches.filter(isCarried)].filter(({ type }) => type === name);
    expect(message.examples.map((example) => example.payload)).toEqual(examples);
    expect(examples.length, name).toBeGreaterThan(0);
    const validate = ajv().compile(payload);
    for (const example of examples) {
      validate(example);
      expect(validate.errors, name).toBeNull();
    }
  }
});

test('the document has the schema that a message refers to', () => {
  const text = JSON.stringify(services.map(documentOf));
  for (const { type } of samples as Message[]) expect(text).toContain(`"$id":"${dataSchemaOf(type)}"`);
});
