import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Message, type MessageType, messageData, messageSchema } from './messages.ts';
import { outcomeTypes, type Topic, topics } from './topics.ts';

const samples = JSON.parse(readFileSync(new URL('samples/messages.json', import.meta.url), 'utf8')) as Message[];
const allTypes = Object.keys(messageData) as MessageType[];
const anyMessage = messageSchema(allTypes);

test('every type has a sample, and a sample that once was sent is understood for ever', () => {
  expect(samples.map(({ type }) => type).toSorted()).toEqual(allTypes.toSorted());
  for (const sample of samples) expect(anyMessage.parse(sample)).toEqual(sample);
});

test.each(samples)('$type: unknown fields are tolerated and kept out', (sample) => {
  const newer = { ...sample, pubsubname: 'messages', data: { ...sample.data, colour: 'red' } };
  expect(anyMessage.parse(newer)).toEqual(sample);
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
  const commands = messageSchema(topics['consumer-commands'].types);
  expect(commands.safeParse(samples[0]).success).toBe(true);
  expect(commands.safeParse(samples[1]).success).toBe(false);
});

test('every message travels on exactly one topic, and every topic has a dead letter topic of its own', () => {
  const all = Object.values<Topic>(topics);
  const types: readonly MessageType[] = [...all.flatMap((topic) => topic.types), ...outcomeTypes];
  expect(types.toSorted()).toEqual(allTypes.toSorted());
  for (const { name, deadLetter } of all) expect(deadLetter).toBe(`${name}-dead`);
});
