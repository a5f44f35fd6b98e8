import { expect, test } from 'vitest';
import { until } from './wait.ts';

test('a timeout reports the last reason, not the last attempt that was cut short', async () => {
  let attempts = 0;
  const probe = (signal: AbortSignal) => {
    if (attempts++ === 0) return Promise.reject(new Error('no broker'));
    return new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };
  await expect(until('it is not ready', probe, 200, new AbortController().signal)).rejects.toThrow(
    'it is not ready after 0.2 s: no broker',
  );
});
