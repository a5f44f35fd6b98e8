import { expect, test } from 'vitest';
import { MemoryStore } from '../test/parts.ts';
import { selfTest, UnsupportedStoreError } from './self-test.ts';

/** Calls the first compare-and-set a conflict, whatever `first` makes of it. */
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

test('a store in memory passes', async () => {
  await expect(selfTest(new MemoryStore(), 'new')).resolves.toBeUndefined();
});

test('a compare-and-set that is in conflict with itself, since its answer was lost, is worth asking again', async () => {
  const failure = await selfTest(
    storeWhose((set) => set()),
    'new',
  ).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Error);
  expect(failure).not.toBeInstanceOf(UnsupportedStoreError);
});

test('a compare-and-set that is refused although its ETag is right makes a store unfit', async () => {
  await expect(
    selfTest(
      storeWhose(async () => {}),
      'new',
    ),
  ).rejects.toThrow(UnsupportedStoreError);
});
