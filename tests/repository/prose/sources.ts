import { basename, extname } from 'node:path';
import type { TextlintKernelPlugin } from '@textlint/kernel';
import { parse as parseMarkdown } from '@textlint/markdown-to-ast';
import { parseSync, Visitor } from 'oxc-parser';
import { Lexer } from 'yaml';

/** A block of prose: a paragraph of a comment, or a text (a string literal, a message of the chart, a value in YAML or JSON). */
interface Block {
  readonly type: 'Comment' | 'Sentence';
  readonly start: number;
  /** As long as in the file; code inside of it may be blanked. */
  readonly raw: string;
}

const PARSERS: Readonly<Record<string, (source: string, path: string) => Block[]>> = {
  '.ts': parseScript,
  '.mjs': parseScript,
  '.yaml': parseYaml,
  '.json': parseYaml,
  '.tpl': parseYaml,
  '.txt': (source) => [...parseActions(source), ...paragraphs('Sentence', blankActions(source))],
  '.go': (source) => parseLineComments(source, /^[ \t]*\/\/.*$/gmu),
  '.jsonc': (source) => parseLineComments(source, /^[ \t]*\/\/.*$/gmu),
  '.Dockerfile': (source) => parseLineComments(source, /^[ \t]*#.*$/gmu),
};
const FEWEST_WORDS_OF_A_TEXT = 3;

/** The kind of a file, as a plugin of textlint names it. */
export function extensionOf(path: string): string {
  return basename(path) === 'Dockerfile' ? '.Dockerfile' : extname(path);
}

/** Whether the plugin reads a file. */
export function isChecked(path: string): boolean {
  return extensionOf(path) === '.md' || extensionOf(path) in PARSERS;
}

/** A plugin of textlint that finds the prose in Markdown and in source files. */
export const SOURCES_PLUGIN = {
  pluginId: 'sources',
  plugin: {
    Processor: class {
      availableExtensions(): string[] {
        return ['.md', ...Object.keys(PARSERS)];
      }
      processor(extension: string) {
        return {
          preProcess: (source: string, path = '') =>
            extension === '.md' ? parseMarkdown(source) : toDocument(source, PARSERS[extension]?.(source, path) ?? []),
          postProcess: (messages: unknown[], filePath = '') => ({ messages, filePath }),
        };
      }
    },
  },
} as unknown as TextlintKernelPlugin;

function toDocument(source: string, blocks: readonly Block[]): unknown {
  const nowhere = { start: { line: 1, column: 0 }, end: { line: 1, column: 0 } }; // textlint finds lines by ranges
  const children = blocks.map(({ type, start, raw }) => ({
    ...{ type, raw, value: raw, loc: nowhere },
    range: [start, start + raw.length],
  }));
  return { type: 'Document', raw: source, loc: nowhere, range: [0, source.length], children };
}

function parseScript(source: string, path: string): Block[] {
  const { program, comments, errors } = parseSync(path, source);
  if (errors[0]) throw new Error(`${path}: ${errors[0].message}`);
  const blocks = joinLines(source, comments).flatMap(({ start, end }) => paragraphs('Comment', source, start, end));
  new Visitor({
    Literal({ value, start, end }) {
      if (typeof value === 'string') blocks.push(...text(source.slice(start + 1, end - 1), start + 1));
    },
    TemplateLiteral({ start, end, expressions }) {
      let raw = source.slice(start + 1, end - 1);
      for (const inner of expressions) {
        const [from, to] = [inner.start - start - 1, inner.end - start - 1];
        raw = raw.slice(0, from) + 'X'.repeat(to - from) + raw.slice(to);
      }
      blocks.push(...text(raw, start + 1));
    },
  }).visit(program);
  return blocks;
}

/** YAML and JSON, also as a template of a chart: the lexer takes any text. */
function parseYaml(source: string): Block[] {
  const blocks = parseActions(source);
  const comments: { start: number; end: number }[] = [];
  let start = 0;
  for (const token of new Lexer().lex(blankActions(source))) {
    if (['\u0002', '\u0018', '\u001f'].includes(token)) continue; // marks of the lexer, not characters of the file
    const end = start + token.length;
    if (token.startsWith('#')) comments.push({ start, end });
    else blocks.push(...text(token, start));
    start = end;
  }
  return [
    ...blocks,
    ...joinLines(source, comments).flatMap((span) => paragraphs('Comment', source, span.start, span.end)),
  ];
}

/** The comments and the string literals in the actions of a template. */
function parseActions(source: string): Block[] {
  return [...source.matchAll(/\{\{-?(\s*\/\*)?([\s\S]*?)\}\}/gu)].flatMap(({ index, 0: action, 1: comment }) =>
    comment
      ? paragraphs('Comment', source, index, index + action.length)
      : [...action.matchAll(/"((?:[^"\\\n]|\\.)*)"/gu)].flatMap((literal) =>
          text(literal[1] ?? '', index + literal.index + 1),
        ),
  );
}

function blankActions(source: string): string {
  return source.replace(/\{\{[\s\S]*?\}\}/gu, (action) => action.replace(/[^\n]/gu, ' '));
}

function parseLineComments(source: string, line: RegExp): Block[] {
  const lines = [...source.matchAll(line)].map(({ index, 0: { length } }) => ({ start: index, end: index + length }));
  return joinLines(source, lines).flatMap(({ start, end }) => paragraphs('Comment', source, start, end));
}

function text(raw: string, start: number): Block[] {
  const words = raw.match(/(?<![\p{L}\p{N}])\p{L}+(?![\p{L}\p{N}])/gu)?.length ?? 0;
  return words >= FEWEST_WORDS_OF_A_TEXT ? [{ type: 'Sentence', start, raw }] : [];
}

/** Joins comments on lines that follow each other: their sentences go on from line to line. */
function joinLines(source: string, spans: readonly { start: number; end: number }[]): { start: number; end: number }[] {
  const joined: { start: number; end: number }[] = [];
  for (const { start, end } of spans) {
    const last = joined.at(-1);
    if (last && /^[ \t]*\r?\n[ \t]*(?!\/\*)$/u.test(source.slice(last.end, start))) last.end = end;
    else joined.push({ start, end });
  }
  return joined;
}

/** Splits a comment at empty lines, at items of lists, at tags such as @param and at "name: description". */
function paragraphs(type: Block['type'], source: string, start = 0, end = source.length): Block[] {
  const boundary = /\n(?=[ \t]*(?:\/\/+|\*|#+)?[ \t]*(?:-- |- |\d+\. |@\w|[a-z][\w-]*(?:, [a-z][\w-]*)*: |\||\r?\n))/gu;
  let from = start;
  return source
    .slice(start, end)
    .split(boundary)
    .map((raw) => {
      const block: Block = { type, start: from, raw };
      from += raw.length + 1;
      return block;
    });
}
