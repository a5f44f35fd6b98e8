import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Message, type MessageType, messageData, messageSchema } from './messages.ts';
import { OUTCOME_TYPES, TOPICS, type Topic } from './topics.ts';

const samples = JSON.parse(readFileSync(new URL('samples/messages.json', import.meta.url), 'utf8')) as Message[];
const allTypes = Object.keys(messageData) as MessageType[];
const anyMessage = messageSchema(allTypes);

/** The same with a field more in it and in every object within, but in what is kept as it is. */
function withMore(value: unknown, asItIs?: string): unknown {
  if (Array.isArray(value)) return value.map((each) => withMore(each, asItIs));
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([name, field]) => [
    name,
    name === asItIs ? field : withMore(field, asItIs),
  ]);
  return { ...Object.fromEntries(fields), colour: 'red' };
}

test('every type has a sample, and a sample that once was sent is understood for ever', () => {
  expect([...new Set(samples.map(({ type }) => type))].toSorted()).toEqual(allTypes.toSorted());
  for (const sample of samples) expect(anyMessage.parse(sample)).toEqual(sample);
});

test.each(samples)('$type $id: unknown fields are tolerated and kept out, at any depth', (sample) => {
  expect(anyMessage.parse(withMore(sample, 'request'))).toEqual(sample);
});

test('but for an order that is asked for: as over HTTP, what it has beyond is named and not ignored', () => {
  const asked = samples.find(({ type }) => type.endsWith('.create-order.v1'));
  const { error } = anyMessage.safeParse(withMore(asked));
  expect(error?.issues.map(({ code, path }) => `${code} ${path.join('.')}`).toSorted()).toEqual([
    'unrecognized_keys data.request',
    'unrecognized_keys data.request.lines.0',
  ]);
});

test.each(samples.filter(({ data }) => 'token' in data))('$type: without its token names the field', (sample) => {
  const { token, ...data } = sample.data as { token: unknown };
  const { error } = anyMessage.safeParse({ ...sample, data });
  expect(error?.issues.map(({ path }) => path.join('.'))).toEqual(['data.token']);
});

test('a broken trace costs the trace, never the message', () => {
  const [sample] = samples;
  const { traceparent, ...rest } = sample as Message;
  expect(anyMessage.parse({ ...rest, traceparent: 'nonsense', tracestate: 7 })).toEqual(rest);
});

test('a type that does not belong to the topic is refused', () => {
  const commands = messageSchema(TOPICS['consumer-commands'].types);
  expect(commands.safeParse(samples[0]).success).toBe(true);
  expect(commands.safeParse(samples[1]).success).toBe(false);
});

test('every message travels on exactly one topic, and every topic has a dead letter topic of its own', () => {
  const all = Object.values<Topic>(TOPICS);
  const types: readonly MessageType[] = [...all.flatMap((topic) => topic.types), ...OUTCOME_TYPES];
  expect(types.toSorted()).toEqual(allTypes.toSorted());
  for (const { name, deadLetter } of all) expect(deadLetter).toBe(`${name}-dead`);
});
