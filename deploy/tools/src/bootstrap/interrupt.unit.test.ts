import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';

const MODULE = new URL('./interrupt.mjs', import.meta.url);
const PROGRAM = `
  const { stopOnSignal } = await import('${MODULE}');
  const stop = stopOnSignal();
  const timer = setInterval(() => {}, 1_000);
  stop.addEventListener('abort', () => {
    process.stdout.write(stop.reason.message + '\\n');
    if (process.argv[1] === 'stops') setTimeout(() => { clearInterval(timer); process.exitCode = 7; }, 100);
  });
  console.log('ready');
`;

async function start(stops: boolean) {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM, stops ? 'stops' : 'hangs'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  return { child, exited: once(child, 'exit') };
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('the first %s lets the program stop in order', async (signal) => {
  const { child, exited } = await start(true);
  const printed = once(child.stdout, 'data');
  child.kill(signal);
  expect(String(await printed)).toBe(`stopped by ${signal}\n`);
  expect(await exited).toEqual([7, null]);
});

test('the program stops in order although its terminal is closed', async () => {
  const { child, exited } = await start(true);
  child.stdout.destroy();
  child.kill('SIGHUP');
  expect(await exited).toEqual([7, null]);
});

test('the second signal ends the program at once', async () => {
  const { child, exited } = await start(false);
  const printed = once(child.stdout, 'data');
  child.kill('SIGINT');
  await printed;
  child.kill('SIGINT');
  expect(await exited).toEqual([1, null]);
});
