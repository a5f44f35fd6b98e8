import { resolve } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';

/** A path on a command line is meant from where npm was called: npm itself runs programs in the root of the repository. */
export const givenPath = (path: string): string => resolve(process.env.INIT_CWD ?? '', path);

/** What a command line says, and everything that is wrong with it. */
export interface Flags {
  readonly values: ReadonlyMap<string, string>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly switches: ReadonlySet<string>;
  readonly words: readonly string[];
  readonly faults: readonly string[];
}

export interface KnownFlags {
  /** Flags that take a value, as in `--port-base 5000`. */
  readonly values: readonly string[];
  /** Flags that take a value and may come again. */
  readonly lists?: readonly string[];
  /** Flags that are there or not. */
  readonly switches: readonly string[];
  /** The most words beside the flags. */
  readonly maxWords: number;
}

/** Reads a command line without stopping at the first fault. */
export function readFlags(argv: readonly string[], known: KnownFlags): Flags {
  const values = new Map<string, string>();
  const lists = new Map((known.lists ?? []).map((name): [string, string[]] => [name, []]));
  const switches = new Set<string>();
  const words: string[] = [];
  const faults: string[] = [];
  const options: NonNullable<ParseArgsConfig['options']> = {
    ...Object.fromEntries([...known.values, ...lists.keys()].map((name) => [name, { type: 'string' as const }])),
    ...Object.fromEntries(known.switches.map((name) => [name, { type: 'boolean' as const }])),
  };
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    if (known.switches.includes(name)) {
      if (value === undefined) switches.add(name);
      else faults.push(`${rawName} takes no value`);
    } else if (!known.values.includes(name) && !lists.has(name)) faults.push(`there is no flag ${rawName}`);
    else if (value === undefined || value === '' || value.startsWith('--')) faults.push(`${rawName} needs a value`);
    else if (lists.has(name)) lists.get(name)?.push(value);
    else if (values.has(name)) faults.push(`${rawName} is given twice`);
    else values.set(name, value);
  }
  for (const word of words.slice(known.maxWords)) faults.push(`unexpected: ${word}`);
  return { values, lists, switches, words: words.slice(0, known.maxWords), faults };
}
