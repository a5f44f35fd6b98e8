import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AT_START, countFrom } from '../../test/parts.ts';
import { DEFAULT_POLICIES } from '../policies.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';
import type { Batch } from './commit-attempt.ts';
import { splitBatch, suspicionOf } from './isolation.ts';
import type { QueuedDocument } from './request-queue.ts';

type Doc = ReturnType<typeof countFrom>;

const queued = (id: string, isStored: boolean): QueuedDocument<Doc> => ({
  id,
  key: `o:${id}`,
  document: countFrom(id),
  json: '{}',
  requests: [],
  maybeStored: true,
  stored: isStored ? { document: countFrom(id), etag: '1', asOf: AT_START } : undefined,
});

const batches = fc
  .array(fc.boolean(), { minLength: 1, maxLength: 128 })
  .map((stored) => stored.map((isStored, i) => queued(`${i}`, isStored)));

const suspicion = (batch: Partial<Batch<Doc>>, outcome: 'refused' | 'unknown') =>
  suspicionOf(
    { items: [], rewrite: undefined, attempts: 1, isolated: false, ...batch },
    outcome,
    DEFAULT_POLICIES,
    DEFAULT_SETTINGS,
  );

describe('isolation', () => {
  it('splits a batch into parts that together contain each document once', () => {
    fc.assert(
      fc.property(batches, (items) => {
        const ids = splitBatch(items).flatMap((part) => part.map(({ id }) => id));
        expect(ids.toSorted()).toEqual(items.map(({ id }) => id).toSorted());
      }),
    );
  });

  it('keeps stored documents apart, and halves the others until each is alone', () => {
    fc.assert(
      fc.property(batches, (items) => {
        const unstored = items.filter(({ stored }) => stored === undefined).length;
        let part = items as readonly QueuedDocument<Doc>[];
        let splits = 0;
        for (let parts = splitBatch(part); parts.length > 1; parts = splitBatch(part)) {
          for (const each of parts)
            expect(new Set(each.map(({ stored }) => stored === undefined)).size, 'kinds of documents in a part').toBe(
              1,
            );
          part = parts.at(-1) as readonly QueuedDocument<Doc>[];
          if (part.every(({ stored }) => stored !== undefined)) break;
          splits++;
        }
        expect(splits).toBeLessThanOrEqual(1 + Math.ceil(Math.log2(Math.max(unstored, 1))));
        if (unstored > 0) expect(part).toHaveLength(1);
      }),
    );
  });

  it('suspects an unstored document after a refusal, and never a stored one', () => {
    expect(suspicion({ items: [queued('a', false)] }, 'refused')).toBe('certain');
    expect(suspicion({ items: [queued('a', true)] }, 'refused')).toBe('none');
    expect(suspicion({ items: [queued('a', true)], attempts: DEFAULT_SETTINGS.setAsideAfter }, 'unknown')).toBe('none');
  });

  it('suspects a document after enough attempts of unknown outcome', () => {
    const items = [queued('a', false), queued('b', false)];
    expect(suspicion({ items }, 'unknown')).toBe('none');
    expect(suspicion({ items, attempts: DEFAULT_SETTINGS.isolateAfter }, 'unknown')).toBe('possible');
    expect(suspicion({ items, isolated: true }, 'unknown')).toBe('possible');
  });

  it('gives up a rewrite that is refused, and repeats one of unknown outcome', () => {
    const rewrite = { ids: ['a'], resolve: () => {} };
    expect(suspicion({ rewrite }, 'refused')).toBe('certain');
    expect(suspicion({ rewrite, attempts: DEFAULT_SETTINGS.isolateAfter }, 'unknown')).toBe('none');
  });
});
