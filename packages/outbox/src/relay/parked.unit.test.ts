import { describe, expect, test } from 'vitest';
import { manualClock } from '../../test/parts.ts';
import { DEFAULT_POLICIES, PARKED_RETRY_MS } from '../policies.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';
import { PARK_AFTER_ATTEMPTS, ParkedDocuments } from './parked.ts';

function setUp() {
  const clock = manualClock();
  const parked = new ParkedDocuments(clock, DEFAULT_SETTINGS, DEFAULT_POLICIES);
  const park = (id: string, channel = 'consumer') => parked.add({ id, createdAt: 0 }, [channel], PARK_AFTER_ATTEMPTS);
  /** Retries the due documents, without an answer. */
  const fail = () => {
    for (const id of parked.due()) {
      parked.retried(id);
      park(id);
    }
  };
  return { clock, parked, park, fail };
}

describe('a parked document', () => {
  test('is retried after a minute, then at doubling intervals of at most an hour', () => {
    const { clock, parked, park, fail } = setUp();
    park('x');
    const delays = Array.from({ length: 8 }, () => {
      const ms = parked.retryInMs ?? Number.NaN;
      clock.go(ms - 1);
      expect(parked.due()).toEqual([]);
      clock.go(1);
      expect(parked.due()).toEqual(['x']);
      fail();
      return ms / PARKED_RETRY_MS;
    });
    expect(delays).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    expect(parked.list()).toMatchObject([{ id: 'x', since: 0 }]);
  });

  test('is due until it is retried, and then not before it is parked again', () => {
    const { clock, parked, park } = setUp();
    park('x');
    clock.go(PARKED_RETRY_MS);
    expect([parked.due(), parked.due()]).toEqual([['x'], ['x']]);
    parked.retried('x');
    clock.go(DEFAULT_SETTINGS.parkedRetryMs);
    expect([parked.due(), parked.retryInMs]).toEqual([[], undefined]);
  });

  test('starts over with short delays when another document of its channel is answered that was parked too', () => {
    const { clock, parked, park, fail } = setUp();
    park('x');
    park('y');
    for (let i = 0; i < 5; i++) {
      clock.go(parked.retryInMs ?? 0);
      fail();
    }
    clock.go(PARKED_RETRY_MS);
    parked.acknowledged('y', 'details');
    parked.acknowledged('not parked', 'consumer');
    expect(parked.due()).toEqual([]);
    parked.acknowledged('y', 'consumer');
    parked.remove('y');
    expect(parked.due()).toEqual(['x']);
  });
});
