import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cpuSeconds, cpuSecondsOf, residentBytes, residentBytesOf } from './proc.ts';

describe('reading /proc', () => {
  it('finds CPU time behind a program name with spaces and parentheses', () => {
    expect(cpuSecondsOf('42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 1234 66 0 0 20 0 11 0 5')).toBe(13);
  });

  it('finds resident memory', () => {
    expect(residentBytesOf('Name:\tnode\nVmHWM:\t  9 kB\nVmRSS:\t   2048 kB\nThreads:\t1\n')).toBe(2 * 1024 * 1024);
    expect(() => residentBytesOf('Name:\tkernel thread\n')).toThrow('VmRSS');
  });

  // The benchmark needs Linux; macOS has no /proc.
  it.runIf(existsSync('/proc/self/stat'))('reads its own process', async () => {
    expect((await cpuSeconds({ me: process.pid })).me).toBeGreaterThan(0);
    expect(await residentBytes(process.pid)).toBeGreaterThan(1e6);
  });
});
