import { reasonOf } from '@standing-order/tools';
import { type Command, createCommand, UsageError } from '@standing-order/tools/cli';
import type { DeadLetterBroker } from './broker.ts';
import { type DeadLetter, type Entry, readDeadLetter } from './dead-letter.ts';

interface Dependencies {
  connect(url: string): Promise<DeadLetterBroker>;
  print(line: string): void;
}

interface Flags {
  readonly broker: string;
  readonly topic?: string;
  readonly json?: boolean;
  readonly all?: boolean;
}

/** A dead letter with its place on the broker. */
type Found = DeadLetter & { readonly entry: Entry };

/** The command line: list, show, replay, drop. */
export function createDeadLettersCommand({ connect, print: printText }: Dependencies): Command {
  const print = (line: string) => printText(escapeControls(line));
  const printJson = (value: unknown) => {
    for (const line of JSON.stringify(value, undefined, 2).split('\n')) print(line);
  };
  const program = createCommand(
    'deadletters',
    'Lists messages that were put aside, and sends them again or drops them.',
  );

  async function withBroker<T>(
    { broker, topic }: Flags,
    use: (broker: DeadLetterBroker, found: Found[]) => Promise<T>,
  ) {
    const connected = await connect(broker).catch((cause: unknown) => failedToRead(broker, cause));
    try {
      const all = await connected.list().catch((cause: unknown) => failedToRead(broker, cause));
      const entries = all.filter((entry) => topic === undefined || entry.topic === topic);
      return await use(
        connected,
        entries.map((entry) => ({ ...readDeadLetter(entry), entry })),
      );
    } finally {
      await connected.close();
    }
  }

  const command = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .option(
        '--broker <url>',
        'redis://[:PASSWORD@]HOST:PORT or kafka://HOST:PORT',
        parseBrokerUrl,
        'redis://127.0.0.1:4901',
      )
      .option('--topic <name>', 'only this dead-letter topic, such as order-replies-dead');

  command('list', 'one line for each dead letter')
    .option('--json', 'print JSON')
    .action((flags: Flags) =>
      withBroker(flags, async (_, found) => {
        const letters = found.map(({ entry: _entry, ...letter }) => letter);
        if (flags.json) printJson(letters);
        else for (const line of linesOf(letters)) print(line);
      }),
    );

  command('show', 'one dead letter with its message')
    .argument('<ref>', 'TOPIC/POSITION, as list prints it')
    .action((ref: string, flags: Flags) =>
      withBroker(flags, async (_, found) => {
        const letter = found.find((each) => each.ref === ref);
        if (letter === undefined) throw new Error(`${ref} is no dead letter of this broker`);
        const {
          entry: { content },
          ...fields
        } = letter;
        printJson({ ...fields, message: readable(fields.message ?? content) });
      }),
    );

  const change = (
    name: string,
    description: string,
    apply: (broker: DeadLetterBroker, letter: Found) => Promise<string>,
  ) =>
    command(name, description)
      .argument('[ref...]', 'TOPIC/POSITION, as list prints it')
      .option('--all', 'every dead letter, or every one of --topic')
      .action((refs: readonly string[], flags: Flags) => {
        if (refs.length === 0 && !flags.all) throw new UsageError('name dead letters, or give --all');
        return withBroker(flags, async (broker, found) => {
          for (const ref of refs)
            if (!found.some((each) => each.ref === ref))
              print(`${ref}: not there; it may be replayed or dropped already`);
          for (const letter of found)
            if (flags.all || refs.includes(letter.ref)) print(`${letter.ref}: ${await apply(broker, letter)}`);
        });
      });

  change(
    'replay',
    'sends messages to their topic again, unchanged, with their ids and traces',
    async (broker, letter) => {
      if (letter.message === undefined) return 'not replayed: the dead letter contains only a part of the message';
      return (await broker.replay(letter.entry, letter.topic, letter.message))
        ? `sent to ${letter.topic}`
        : 'not there';
    },
  );
  change('drop', 'removes dead letters', async (broker, { entry }) =>
    (await broker.drop(entry)) ? 'dropped' : 'not there',
  );

  return program.addHelpText(
    'after',
    `
The outbox sends a command whose message was put aside again by itself, so a replay is rarely necessary. It is
harmless within ORDER_RETENTION: every message may be delivered more than once. Drop older replies: their order may have
expired, and its Idempotency-Key may have placed another one.`,
  );
}

/**
 * A line with its control characters (C0, DEL, C1) and those of Unicode's text direction as JSON escapes: a message must not control
 * the terminal. JSON keeps its meaning.
 */
function escapeControls(line: string): string {
  return line.replaceAll(
    /[\p{Cc}\p{Bidi_Control}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The host only: the URL may contain a password. */
function failedToRead(url: string, cause: unknown): never {
  throw new Error(
    `the broker at ${new URL(url).host} cannot be read (${reasonOf(cause)}); start the platform with "npm start", or give the broker's URL with --broker`,
    { cause },
  );
}

function parseBrokerUrl(url: string): string {
  if (/^(rediss?|kafka):\/\/./.test(url)) return url;
  throw new UsageError('--broker must be a redis:// or kafka:// URL');
}

function linesOf(letters: readonly DeadLetter[]): string[] {
  const rows = letters.map(({ ref, type, orders, reason, time }) => {
    const about = orders.length === 1 ? orders[0] : `${orders.length} orders`;
    return [ref, time ?? '-', type ?? '-', about ?? '-', reason].join('  ');
  });
  return rows.length === 0 ? ['no dead letters'] : rows;
}

/** The message as an object if it is JSON that can be written again. Node 24 writes no JSON that is nested too deeply. */
function readable(message: string): unknown {
  try {
    const parsed: unknown = JSON.parse(message);
    JSON.stringify(parsed, undefined, 2);
    return parsed;
  } catch {
    return message;
  }
}
