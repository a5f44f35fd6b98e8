import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';

const KIBIBYTES = 20 * 1024;
const DEADLINE_MS = 20_000;
/** Logs 20 MiB for each line on stdin, and ends with exit code 3 at the end of stdin. */
const SOURCE = `
  import { createInterface } from 'node:readline';
  import { logger } from '${new URL('logger.ts', import.meta.url).href}';
  const fill = 'x'.repeat(1024);
  for await (const _ of createInterface({ input: process.stdin })) {
    for (let line = 0; line < ${KIBIBYTES}; line++) logger.info(fill);
    console.error('logged');
  }
  for (let line = 0; line < 100; line++) logger.info(fill);
  logger.fatal('the end');
  process.exit(3);
`;

let child: ChildProcess | undefined;
afterEach(() => void child?.kill('SIGKILL'));

function start(stdout: 'pipe' | number) {
  const started = spawn(process.execPath, ['--input-type=module', '-e', SOURCE], { stdio: ['pipe', stdout, 'pipe'] });
  child = started;
  const exit = once(started, 'exit', { signal: AbortSignal.timeout(DEADLINE_MS) }).then(([code]) => code as number);
  return { ...started, exit, errors: createInterface({ input: started.stderr as NodeJS.ReadableStream }) };
}

test('a process whose log has no reader any more exits', async () => {
  const { stdin, stdout, exit } = start('pipe');
  stdout?.destroy();
  await once(stdout as NodeJS.ReadableStream, 'close');
  stdin?.end();
  expect(await exit).toBe(3);
});

test('a process whose log cannot be written goes on, and exits', async () => {
  const readOnly = openSync(import.meta.filename, 'r');
  const { stdin, errors, exit } = start(readOnly);
  closeSync(readOnly);
  stdin?.write('\n');
  await once(errors, 'line');
  stdin?.write('\n');
  await once(errors, 'line');
  stdin?.end();
  expect(await exit).toBe(3);
});

test('a reader that stalls blocks neither the process nor its exit', async () => {
  const { stdin, errors, exit } = start('pipe');
  stdin?.write('\n');
  await once(errors, 'line');
  stdin?.end();
  expect(await exit).toBe(3);
});

test('lines beyond the limit are dropped, and counted in a later line', async () => {
  const { stdin, stdout, errors, exit } = start('pipe');
  stdin?.write('\n');
  await once(errors, 'line');
  let received = 0;
  const dropped = new Promise<number>((resolve) => {
    createInterface({ input: stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const { lines } = JSON.parse(line);
      if (lines === undefined) received++;
      else resolve(lines);
    });
  });
  const lines = await dropped;
  expect(lines).toBeGreaterThan(KIBIBYTES / 2);
  expect(received + lines).toBe(KIBIBYTES);
  stdin?.end();
  expect(await exit).toBe(3);
});
