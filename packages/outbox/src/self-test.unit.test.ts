import { expect, test } from 'vitest';
import { MemoryStore } from '../test/parts.ts';
import { selfTest, UnsupportedStoreError } from './self-test.ts';

/** A store that returns `conflict` for the first compare-and-set, independent of the effect of `first`. */
function storeWhose(first: (set: () => Promise<unknown>) => Promise<unknown>) {
  const store = new MemoryStore();
  const write = store.write.bind(store);
  store.write = async (items) => {
    store.write = write;
    await first(() => write(items));
    return 'conflict';
  };
  return store;
}

test('accepts the store in memory', async () => {
  await expect(selfTest(new MemoryStore(), 'new')).resolves.toBeUndefined();
});

test('asks for a repetition when a compare-and-set conflicts with itself because its answer was lost', async () => {
  const failure = await selfTest(
    storeWhose((set) => set()),
    'new',
  ).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Error);
  expect(failure).not.toBeInstanceOf(UnsupportedStoreError);
});

test('rejects a store that refuses a compare-and-set with the right ETag', async () => {
  await expect(
    selfTest(
      storeWhose(async () => {}),
      'new',
    ),
  ).rejects.toThrow(UnsupportedStoreError);
});
