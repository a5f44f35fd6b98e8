import { readFile } from 'node:fs/promises';
import { TextlintKernel, type TextlintMessage } from '@textlint/kernel';
import { proseFiles } from './files.ts';
import { PROSE_RULES, WORD_COUNT } from './rules.ts';
import { extensionOf, SOURCES_PLUGIN } from './sources.ts';

export interface ProseOptions {
  /** Adds messages of the rule "words" to the findings. */
  readonly countWords?: boolean;
}

const kernel = new TextlintKernel();

/** Checks the prose of one file. */
export async function lintProse(
  path: string,
  source: string,
  { countWords = false }: ProseOptions = {},
): Promise<readonly TextlintMessage[]> {
  const { messages } = await kernel.lintText(source, {
    filePath: path,
    ext: extensionOf(path),
    plugins: [SOURCES_PLUGIN],
    rules: countWords ? [...PROSE_RULES, WORD_COUNT] : PROSE_RULES,
  });
  return messages;
}

/** Checks files and folders of any checkout, file by file. */
export async function* lintFiles(
  paths: readonly string[],
  options?: ProseOptions,
): AsyncGenerator<{ readonly file: string; readonly messages: readonly TextlintMessage[] }> {
  for (const file of proseFiles(paths)) {
    yield { file, messages: await lintProse(file, await readFile(file, 'utf8'), options) };
  }
}
