import { expect, test } from 'vitest';
import type { DeadLetterBroker } from './broker.ts';
import { createDeadLettersCommand } from './commands.ts';
import { type Entry, readDeadLetter, refOf } from './dead-letter.ts';

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const command = {
  ...{ specversion: '1.0', id: 'c-1', type: 'com.standing-order.validate-consumer-info.v1', source: '/order' },
  ...{ subject: 'o-1', time: '2026-11-28T05:00:00.000Z', traceparent: TRACE, data: { orderId: 'o-1' } },
};
/** As a sidecar puts a message aside. */
const undelivered: Entry = { topic: 'consumer-commands-dead', position: '1-0', content: JSON.stringify(command) };
const batch = { ...command, id: 'b-1', data: { commands: [{ orderId: 'o-1' }, { orderId: 'o-2' }] } };

/** As a service puts a message aside. */
function invalid(payload: string, truncated = false): Entry {
  const data = {
    reason: 'the message does not match the schema of its topic',
    faults: [],
    topic: 'order-replies',
    original: { id: 'r-1' },
    payload,
    truncated,
  };
  return {
    topic: 'order-replies-dead',
    position: '2-0',
    content: JSON.stringify({ type: 'com.standing-order.dead-letter.v1', data }),
  };
}

/** A broker in memory that records the sent messages. */
function brokerWith(...entries: Entry[]) {
  const left = new Map(entries.map((entry) => [refOf(entry), entry]));
  const sent: [topic: string, message: string][] = [];
  const broker: DeadLetterBroker = {
    list: async () => [...left.values()],
    async replay(entry, topic, message) {
      if (!left.delete(refOf(entry))) return false;
      sent.push([topic, message]);
      return true;
    },
    drop: async (entry) => left.delete(refOf(entry)),
    close: async () => {},
  };
  return { broker, sent, left };
}

async function run(broker: DeadLetterBroker, ...args: string[]): Promise<string> {
  const lines: string[] = [];
  const program = createDeadLettersCommand({ connect: async () => broker, print: (line) => lines.push(line) });
  for (const each of [program, ...program.commands]) each.configureOutput({ writeErr: (text) => lines.push(text) });
  await program.parseAsync(args, { from: 'user' }).catch((error: Error) => lines.push(error.message));
  return lines.join('\n');
}

test('list names the order, the reason and how to refer to the dead letter', async () => {
  const { broker } = brokerWith(undelivered, invalid('no JSON'));
  const [first, second] = (await run(broker, 'list')).split('\n');
  expect(first).toMatch(/^consumer-commands-dead\/1-0 .*validate-consumer-info.* o-1 .*not handled within the retries/);
  expect(second).toMatch(/^order-replies-dead\/2-0 .*does not match the schema/);
  expect(await run(brokerWith().broker, 'list')).toBe('no dead letters');
});

test('show has the trace, every order of a batch message, and the message', async () => {
  const entry = { ...undelivered, content: JSON.stringify(batch) };
  const shown = JSON.parse(await run(brokerWith(entry).broker, 'show', 'consumer-commands-dead/1-0'));
  expect(shown).toMatchObject({ id: 'b-1', traceparent: TRACE, orders: ['o-1', 'o-2'], message: batch });
});

test('prints the control characters of a message as escapes', async () => {
  const hostile = '\x1b[2J\r\n\x7f\x9b1m\u202e\u2066\u061c\u200f';
  const escaped = '\\u001b[2J\\u000d\\u000a\\u007f\\u009b1m\\u202e\\u2066\\u061c\\u200f';
  const entry = { ...undelivered, content: JSON.stringify({ ...command, type: hostile }) };
  const { broker } = brokerWith(entry);
  expect(await run(broker, 'list')).toContain(`  ${escaped}  o-1  `);
  for (const args of [
    ['list', '--json'],
    ['show', refOf(entry)],
  ]) {
    const json = await run(broker, ...args);
    expect(json.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    expect([JSON.parse(json)].flat()[0].type).toBe(hostile);
  }
  const data = { reason: 'r', topic: hostile, payload: '{}' };
  const ofService = {
    ...entry,
    topic: `${hostile}-dead`,
    content: JSON.stringify({ type: 'com.standing-order.dead-letter.v1', data }),
  };
  expect(await run(brokerWith(ofService).broker, 'replay', '--all')).toContain(`sent to ${escaped}`);
});

test('replay sends the message unchanged, with its id and its trace, once', async () => {
  const { broker, sent } = brokerWith(undelivered, invalid(JSON.stringify(batch)));
  expect(await run(broker, 'replay', 'consumer-commands-dead/1-0')).toContain('sent to consumer-commands');
  expect(sent).toEqual([['consumer-commands', JSON.stringify(command)]]);
  expect(await run(broker, 'replay', 'consumer-commands-dead/1-0')).toContain('may be replayed or dropped already');
  expect(await run(broker, 'replay', '--all')).toContain('sent to order-replies');
  expect(sent[1]).toEqual(['order-replies', JSON.stringify(batch)]);
  expect(sent).toHaveLength(2);
});

// The sender of a message on one topic could publish to every topic, with the rights of the operator.
test('replay sends a message that imitates the dead letter of another topic to its own topic', async () => {
  const forged = { ...undelivered, content: invalid('a forged verdict').content };
  const { broker, sent } = brokerWith(forged);
  expect(await run(broker, 'replay', '--all')).toBe('consumer-commands-dead/1-0: sent to consumer-commands');
  expect(sent).toEqual([['consumer-commands', forged.content]]);
});

test('a message that is nested deeply hides no other dead letter', async () => {
  const deep = `${'[{"a":'.repeat(100_000)}0${'}]'.repeat(100_000)}`;
  const { broker, sent } = brokerWith(
    { ...undelivered, position: '0-1', content: `{"id":"deep","data":${deep}}` },
    undelivered,
  );
  expect((await run(broker, 'list')).split('\n')).toHaveLength(2);
  expect(JSON.parse(await run(broker, 'show', 'consumer-commands-dead/0-1'))).toMatchObject({ id: 'deep' });
  await run(broker, 'replay', '--all');
  expect(sent).toHaveLength(2);
});

test('a dead letter with a part of its message is not replayed, and remains', async () => {
  const { broker, sent, left } = brokerWith(invalid('{"id":"r-1","da', true));
  expect(await run(broker, 'replay', '--all')).toContain('only a part of the message');
  expect([sent.length, left.size]).toEqual([0, 1]);
  expect(readDeadLetter(invalid('{"id":"r-1","da', true))).toMatchObject({ id: 'r-1', topic: 'order-replies' });
});

test('drop removes only the named dead letters', async () => {
  const { broker, left } = brokerWith(undelivered, invalid('x'));
  expect(await run(broker, 'drop')).toContain('name dead letters, or give --all');
  await run(broker, 'drop', 'order-replies-dead/2-0');
  expect([...left.keys()]).toEqual(['consumer-commands-dead/1-0']);
  await run(broker, 'drop', '--all', '--topic', 'consumer-commands-dead');
  expect(left.size).toBe(0);
});

test.each(['http://127.0.0.1:1', 'redis'])('refuses the broker %s', async (url) => {
  expect(await run(brokerWith().broker, 'list', '--broker', url)).toContain('must be a redis:// or kafka:// URL');
});

test('a broker that cannot be reached is named without its password, with the next step', async () => {
  const program = createDeadLettersCommand({
    connect: () => Promise.reject(new Error('connect ECONNREFUSED')),
    print: () => {},
  });
  const listing = program.parseAsync(['list', '--broker', 'redis://:secret@127.0.0.1:4901'], { from: 'user' });
  await expect(listing).rejects.toThrow(
    'the broker at 127.0.0.1:4901 cannot be read (connect ECONNREFUSED); start the platform with "npm start", or give',
  );
});
