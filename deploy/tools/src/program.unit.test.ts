import { expect, test } from 'vitest';
import { runProgram } from './program.ts';

const shell = (script: string) => ['-c', script];
const options = { deadlineMs: 30_000 };

test('passes its input to the program', async () => {
  expect(await runProgram('cat', [], { deadlineMs: 10_000, input: 'one\ntwo' })).toBe('one\ntwo');
});

test('resolves to the standard output and reports every line of both streams', async () => {
  const lines: string[] = [];
  const script = 'echo one; echo two >&2; echo three';
  const output = await runProgram('sh', shell(script), { ...options, onLine: (line) => lines.push(line) });
  expect(output).toBe('one\nthree');
  expect(lines.toSorted()).toEqual(['one', 'three', 'two']);
});

test('passes only the given environment and runs in the given folder', async () => {
  const run = runProgram('/bin/sh', shell('echo "$HOME $PARROT"; pwd'), {
    ...options,
    cwd: '/',
    env: { PARROT: 'green' },
  });
  await expect(run).resolves.toBe(' green\n/');
});

test('rejects with the exit code and the first and last lines', async () => {
  const error = await runProgram('sh', shell('seq 1 100; exit 3'), options).catch((reason: Error) => reason.message);
  const lines = String(error).split('\n');
  expect(lines[0]).toBe('sh -c seq 1 100; exit 3 failed with exit code 3');
  expect(lines.slice(1, 8)).toEqual(['1', '2', '3', '4', '5', '6', '86']);
  expect(lines.at(-1)).toBe('100');
});

test('rejects when the program does not exist', async () => {
  await expect(runProgram('/no/such/program', [], options)).rejects.toThrow(
    '/no/such/program could not be started: spawn /no/such/program ENOENT',
  );
});

test('rejects when a signal ends the program', async () => {
  await expect(runProgram('sh', shell('kill -9 $$'), options)).rejects.toThrow('was ended by SIGKILL');
});

test('ends the program at its deadline', async () => {
  await expect(runProgram('sleep', ['60'], { deadlineMs: 100 })).rejects.toThrow('sleep 60 timed out after 0.1 s');
});

test('ends the program when it is aborted', async () => {
  const controller = new AbortController();
  const onLine = () => controller.abort(new Error('enough'));
  const run = runProgram('sh', shell('echo ready; exec sleep 60'), { ...options, signal: controller.signal, onLine });
  await expect(run).rejects.toThrow('was interrupted\nready');
});

test('starts nothing when it was aborted before', async () => {
  const reason = new Error('enough');
  await expect(runProgram('sh', [], { ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test('does not wait for a daemon that holds the output open', async () => {
  const began = performance.now();
  const pid = await runProgram('sh', shell('sleep 60 & echo $!'), options);
  process.kill(Number(pid));
  expect(performance.now() - began).toBeLessThan(30_000);
}, 40_000);
