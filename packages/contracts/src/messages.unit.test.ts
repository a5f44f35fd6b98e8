import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Message, type MessageType, messageData, messageSchema } from './messages.ts';
import { OUTCOME_TYPES, TOPICS, type Topic } from './topics.ts';

const samples = JSON.parse(readFileSync(new URL('samples/messages.json', import.meta.url), 'utf8')) as Message[];
const allTypes = Object.keys(messageData) as MessageType[];
const anyMessage = messageSchema(allTypes);

/** The value with an unknown field in each object, except in the field `unchanged`. */
function withUnknownFields(value: unknown, unchanged?: string): unknown {
  if (Array.isArray(value)) return value.map((each) => withUnknownFields(each, unchanged));
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([name, field]) => [
    name,
    name === unchanged ? field : withUnknownFields(field, unchanged),
  ]);
  return { ...Object.fromEntries(fields), colour: 'red' };
}

test('every type has a sample, and every sample is accepted permanently', () => {
  expect([...new Set(samples.map(({ type }) => type))].toSorted()).toEqual(allTypes.toSorted());
  for (const sample of samples) expect(anyMessage.parse(sample)).toEqual(sample);
});

test.each(samples)('$type $id: unknown fields are accepted and removed, at any depth', (sample) => {
  expect(anyMessage.parse(withUnknownFields(sample, 'request'))).toEqual(sample);
});

test('lists the unknown fields of a requested order as faults, as over HTTP', () => {
  const asked = samples.find(({ type }) => type.endsWith('.create-order.v1'));
  const { error } = anyMessage.safeParse(withUnknownFields(asked));
  expect(error?.issues.map(({ code, path }) => `${code} ${path.join('.')}`).toSorted()).toEqual([
    'unrecognized_keys data.request',
    'unrecognized_keys data.request.lines.0',
  ]);
});

test.each(samples.filter(({ data }) => 'token' in data))('$type: lists the field of a missing token', (sample) => {
  const { token, ...data } = sample.data as { token: unknown };
  const { error } = anyMessage.safeParse({ ...sample, data });
  expect(error?.issues.map(({ path }) => path.join('.'))).toEqual(['data.token']);
});

test('removes an invalid trace and accepts the message', () => {
  const [sample] = samples;
  const { traceparent, ...rest } = sample as Message;
  expect(anyMessage.parse({ ...rest, traceparent: 'nonsense', tracestate: 7 })).toEqual(rest);
});

test('refuses a type that does not belong to the topic', () => {
  const commands = messageSchema(TOPICS['consumer-commands'].types);
  expect(commands.safeParse(samples[0]).success).toBe(true);
  expect(commands.safeParse(samples[1]).success).toBe(false);
});

test('every message but the confirmation of a client has exactly one topic, and every topic its own dead-letter topic', () => {
  const all = Object.values<Topic>(TOPICS);
  const types: readonly MessageType[] = [...all.flatMap((topic) => topic.types), ...OUTCOME_TYPES];
  // Clients of 0.1.0 send it to order-replies.
  const confirmation: MessageType = 'com.standing-order.outcome-received.v1';
  expect(types.toSorted()).toEqual([...allTypes, confirmation].toSorted());
  for (const { name, deadLetter } of all) expect(deadLetter).toBe(`${name}-dead`);
});
