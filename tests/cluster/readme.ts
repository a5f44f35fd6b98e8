import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

const README = resolve(import.meta.dirname, '../../README.md');

/** The flags that README gives to `helm install`. */
export async function installFlags(): Promise<string[]> {
  const lines = commandsOf(await readFile(README, 'utf8'), 'On Kubernetes', 'helm install');
  const words = lines.find((line) => line.startsWith('helm install '))?.split(/\s+/) ?? [];
  return words.slice(words.findIndex((word) => word.startsWith('--')));
}

/** The commands of README with which one reaches the release and places an order. */
export const firstOrderLines = async (): Promise<string[]> =>
  commandsOf(await readFile(README, 'utf8'), 'On Kubernetes', 'port-forward');

/** The commands of README with which one loads a release and compares the load's log with its state store. */
export const loadLines = async (): Promise<string[]> =>
  commandsOf(await readFile(README, 'utf8'), 'Load it', 'port-forward');

/**
 * The commands of the first shell block that contains `word`, in the section with this title; a line that ends with a
 * backslash goes on in the next.
 *
 * @throws when there is none
 */
export function commandsOf(markdown: string, title: string, word: string): string[] {
  const section = markdown.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) ?? '';
  const blocks = [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  const block = blocks.find((text) => text.includes(word));
  if (block === undefined) throw new Error(`README has no commands with ${word} under "${title}"`);
  return block
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
}
