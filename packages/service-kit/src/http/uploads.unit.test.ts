import { expect, test, vi } from 'vitest';
import { Uploads } from './uploads.ts';

test('the oldest upload gives way when all together hold too many bytes', () => {
  const uploads = new Uploads(100);
  const aborts = [vi.fn(), vi.fn(), vi.fn()] as const;
  const [first, second, third] = aborts.map((abort) => uploads.start(abort));
  first?.received(40);
  second?.received(40);
  expect(uploads.bytes).toBe(80);
  third?.received(50);
  expect(aborts.map((abort) => abort.mock.calls.length)).toEqual([1, 0, 0]);
  expect(uploads.bytes).toBe(90);
  first?.received(1_000);
  first?.end();
  expect(uploads.bytes).toBe(90);
  second?.end();
  third?.end();
  expect(uploads.bytes).toBe(0);
});

test('a single upload never gives way to itself', () => {
  const uploads = new Uploads(100);
  const abort = vi.fn();
  uploads.start(abort).received(1_000);
  expect(abort).not.toHaveBeenCalled();
});
