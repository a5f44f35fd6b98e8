import { expect, test, vi } from 'vitest';
import { check } from './check.ts';

test('reports once that the store cannot be read, and rejects with the reason at the end of the wait', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const onUnreadable = vi.fn(() => void vi.advanceTimersByTime(1_000));
  const storeUrl = 'redis://127.0.0.1:1';
  try {
    await expect(check({ requests: [], storeUrl, waitMs: 1_000, onUnreadable })).rejects.toThrow('ECONNREFUSED');
  } finally {
    vi.useRealTimers();
  }
  expect(onUnreadable.mock.calls).toEqual([[expect.stringContaining('ECONNREFUSED')]]);
});
