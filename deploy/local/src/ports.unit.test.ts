import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, it } from 'vitest';
import { requireFree } from './ports.ts';

const looking: ChildProcess[] = [];
afterEach(async () => {
  for (const child of looking.splice(0)) {
    child.kill();
    await once(child, 'exit');
  }
});

/** A program that finds a port base, prints it and keeps running. */
async function look(): Promise<string> {
  const program = `
    import { findPortBase } from ${JSON.stringify(join(import.meta.dirname, 'ports.ts'))};
    console.log(await findPortBase());
    setInterval(() => {}, 60_000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  looking.push(child);
  const [base] = await once(createInterface({ input: child.stdout }), 'line');
  return base;
}

it('processes that look for ports at the same time find ports of their own', async () => {
  const found = await Promise.all(Array.from({ length: 6 }, look));
  expect(found.map(Number).every((base) => base >= 11_000 && base % 1_000 === 0)).toBe(true);
  expect(new Set(found).size).toBe(found.length);
});

it('names a port that fetch refuses, before any process starts', async () => {
  await expect(requireFree([{ process: 'order-1', port: 6000 }])).rejects.toThrow(
    'port 6000, which order-1 needs, is refused by fetch and browsers',
  );
});
