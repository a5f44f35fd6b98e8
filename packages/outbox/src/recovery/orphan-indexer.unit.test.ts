import { expect, test } from 'vitest';
import { atRest, countFrom } from '../../test/parts.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';
import { OrphanIndexer } from './orphan-indexer.ts';

test('adds a document to a segment once, and a later document of the same id again', async () => {
  const added: string[] = [];
  const indexer = new OrphanIndexer(DEFAULT_SETTINGS, async (ids) => {
    added.push(...ids);
    return true;
  });
  for (const nonce of ['expired', 'expired', 'later']) {
    indexer.add(countFrom('a', nonce));
    await atRest();
  }
  expect(added).toEqual(['a', 'a']);
});
