import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { childrenOf } from './child-pids.ts';

test('finds the children of a process, on Linux also without ps', async () => {
  // A name with a bracket and a space, as a process may give itself one.
  const source = "process.title = 'a) S 1'; process.stdin.resume(); console.log();";
  const child = spawn(process.execPath, ['-e', source], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  if (process.platform === 'linux') vi.stubEnv('PATH', '');
  try {
    const children = await childrenOf(process.pid);
    expect(children).toContain(child.pid);
    expect(children).not.toContain(process.pid);
    expect(await childrenOf(child.pid as number)).toEqual([]);
  } finally {
    vi.unstubAllEnvs();
    child.kill('SIGKILL');
  }
});
