import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

const README = resolve(import.meta.dirname, '../../README.md');

/** The flags of `helm install` in README. */
export async function installFlags(): Promise<string[]> {
  const lines = extractCommands(await readFile(README, 'utf8'), 'On Kubernetes', 'helm install');
  const words = lines.find((line) => line.startsWith('helm install '))?.split(/\s+/) ?? [];
  return words.slice(words.findIndex((word) => word.startsWith('--')));
}

/** README's commands that forward the ports of a release and place an order. */
export const firstOrderCommands = async (): Promise<string[]> =>
  extractCommands(await readFile(README, 'utf8'), 'On Kubernetes', 'port-forward');

/** README's commands that load a release and compare the load's log with its state store. */
export const loadCommands = async (): Promise<string[]> =>
  extractCommands(await readFile(README, 'utf8'), 'Load it', 'port-forward');

/**
 * Reads the commands of the first shell block that contains `word`, in the section with this title. A backslash at the end of
 * a line joins it with the next one.
 *
 * @throws when there is no such block
 */
export function extractCommands(markdown: string, title: string, word: string): string[] {
  const section = markdown.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) ?? '';
  const blocks = [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  const block = blocks.find((text) => text.includes(word));
  if (block === undefined) throw new Error(`README has no commands with ${word} under "${title}"`);
  return block
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
}
