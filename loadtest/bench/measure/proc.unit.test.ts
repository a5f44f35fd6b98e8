import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cpuSeconds, cpuSecondsOf, residentBytes, residentBytesOf, wakeups, wakeupsOf } from './proc.ts';

describe('reading /proc', () => {
  it('finds CPU time behind a program name with spaces and parentheses', () => {
    expect(cpuSecondsOf('42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 1234 66 0 0 20 0 11 0 5')).toBe(13);
  });

  it('finds resident memory', () => {
    expect(residentBytesOf('Name:\tnode\nVmHWM:\t  9 kB\nVmRSS:\t   2048 kB\nThreads:\t1\n')).toBe(2 * 1024 * 1024);
    expect(() => residentBytesOf('Name:\tkernel thread\n')).toThrow('VmRSS');
  });

  it('finds how often a thread has woken up', () => {
    const status = 'voluntary_ctxt_switches:\t150\nnonvoluntary_ctxt_switches:\t7\n';
    expect(wakeupsOf(`Name:\tnode\n${status}`)).toBe(150);
    expect(() => wakeupsOf('Name:\tnode\n')).toThrow('voluntary_ctxt_switches');
  });

  // The benchmark needs Linux; macOS has no /proc.
  it.runIf(existsSync('/proc/self/stat'))('reads its own process', async () => {
    const { me, twice } = await cpuSeconds({ me: [process.pid], twice: [process.pid, process.pid] });
    expect(me).toBeGreaterThan(0);
    expect(twice).toBeGreaterThan(1.5 * me);
    expect(await residentBytes(process.pid)).toBeGreaterThan(1e6);
    expect(await wakeups(process.pid)).toBeGreaterThan(0);
  });
});
