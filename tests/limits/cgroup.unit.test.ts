import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMemoryCgroup, findParent } from './cgroup.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cgroup-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function kernel(groups: string): { readonly proc: string; readonly sys: string } {
  writeFileSync(join(root, 'cgroup'), groups);
  return { proc: root, sys: join(root, 'sys') };
}

test.each([
  ['1, beside version 2', '4:memory:/box/a\n0::/other\n', 'sys/memory/box/a', 'memory.limit_in_bytes'],
  ['1, with other controllers', '4:cpu,memory:/a\n', 'sys/memory/a', 'memory.limit_in_bytes'],
  ['2, as a sibling', '0::/user.slice/session.scope\n', 'sys/user.slice', 'memory.max'],
])('limits a program with cgroups of version %s', (_, groups, folder, file) => {
  const { proc, sys } = kernel(groups);
  const parent = findParent(proc, sys);
  expect(parent.folder).toBe(join(root, folder));
  mkdirSync(parent.folder, { recursive: true });

  const group = createMemoryCgroup('order-1', 512, parent);
  const path = join(parent.folder, 'order-1');
  expect(readFileSync(join(path, file), 'utf8')).toBe('512');
  const { file: program, args } = group.contain({ file: 'node', args: ['main.ts'], env: { A: 'b' } });
  expect([program, ...args]).toEqual([
    '/bin/sh',
    '-c',
    expect.stringContaining('cgroup.procs'),
    path,
    'node',
    'main.ts',
  ]);

  writeFileSync(join(path, parent.version.events), 'oom 3\noom_kill 2\n');
  expect(group.kills()).toBe(2);
});

test('names the folder that refuses a limit', () => {
  const { proc, sys } = kernel('4:memory:/missing\n');
  expect(() => createMemoryCgroup('order-1', 512, findParent(proc, sys))).toThrow(join(sys, 'memory/missing'));
  expect(existsSync(sys)).toBe(false);
});
