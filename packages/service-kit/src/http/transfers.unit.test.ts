import { expect, test, vi } from 'vitest';
import { Transfers } from './transfers.ts';

test('the oldest transfer gives way when all together hold too many bytes', () => {
  const transfers = new Transfers(100);
  const aborts = [vi.fn(), vi.fn(), vi.fn()] as const;
  const [first, second, third] = aborts.map((abort) => transfers.start(abort));
  first?.hold(40);
  second?.hold(40);
  expect(transfers.bytes).toBe(80);
  third?.hold(50);
  expect(aborts.map((abort) => abort.mock.calls.length)).toEqual([1, 0, 0]);
  expect(transfers.bytes).toBe(90);
  first?.hold(1_000);
  first?.end();
  expect(transfers.bytes).toBe(90);
  second?.end();
  third?.end();
  expect(transfers.bytes).toBe(0);
});

test('a single transfer never gives way to itself', () => {
  const transfers = new Transfers(100);
  const abort = vi.fn();
  transfers.start(abort).hold(1_000);
  expect(abort).not.toHaveBeenCalled();
});
