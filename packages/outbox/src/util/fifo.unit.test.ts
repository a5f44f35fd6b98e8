import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { atRest } from '../../test/parts.ts';
import { Fifo } from './fifo.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('a queue', () => {
  it('returns its items in their order, and undefined when it is empty', () => {
    const queue = new Fifo<number>();
    for (let item = 0; item < 200; item++) queue.push(item);
    expect(Array.from({ length: 201 }, () => queue.shift())).toEqual([...Array(200).keys(), undefined]);
    queue.push(7);
    expect(queue.length).toBe(1);
    expect(queue.shift()).toBe(7);
  });

  it('does not keep an item in memory that was removed', async () => {
    const queue = new Fifo<object>();
    const removed = (() => {
      const item = {};
      queue.push(item);
      queue.shift();
      return new WeakRef(item);
    })();
    await atRest();
    collectGarbage();
    expect(removed.deref()).toBeUndefined();
    expect(queue.length).toBe(0);
  });
});
