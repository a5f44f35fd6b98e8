import { afterAll, describe, expect, test } from 'vitest';
import { placeDemoOrder, seedDemo } from '../src/demo.ts';
import type { PlatformOptions } from '../src/options.ts';
import { type Platform, startPlatform } from '../src/platform.ts';
import { findPortBase } from '../src/ports.ts';
import { temporaryDir } from './support/harness.ts';

const NEVER = new AbortController().signal;

/** Two replicas of the order service on these stores, which are taken away. */
export function shareOrders({ store, broker }: Required<Pick<PlatformOptions, 'store' | 'broker'>>): void {
  describe(`two replicas with state in ${store} and messages over ${broker}`, () => {
    const dir = temporaryDir();
    let platform: Platform;
    afterAll(async () => {
      await platform.close();
      dir.remove();
    });

    const urlsOf = ({ urls }: Platform, replica: number) => ({
      order: urls.order[replica] ?? '',
      consumer: urls.consumer[0] ?? '',
      restaurant: urls.restaurant[0] ?? '',
    });

    async function read(url: string | undefined, id: string): Promise<unknown> {
      const response = await fetch(`${url}/orders/${id}`, { signal: AbortSignal.timeout(10_000) });
      return response.json();
    }

    test('share their orders, which outlive a restart of everything', async () => {
      const options = { dataDir: dir.path, portBase: await findPortBase(), store, broker, replicas: { order: 2 } };
      platform = await startPlatform(options);
      await seedDemo(urlsOf(platform, 0), NEVER);
      const placed = await placeDemoOrder(urlsOf(platform, 1), NEVER);
      expect(placed.status).toBe('VALIDATED');
      const first = await read(platform.urls.order[0], placed.id);
      expect(first).toMatchObject({ id: placed.id, status: 'VALIDATED', total: { amount: 2340, currency: 'EUR' } });

      await platform.close();
      platform = await startPlatform(options);
      expect(await read(platform.urls.order[1], placed.id)).toEqual(first);
    });

    test('have an order decided that was placed while the broker was dead, or paused', async () => {
      const [, managed = { name: '' }] = platform.processes().filter(({ kind }) => kind === 'store');
      await platform.kill(managed.name);
      const whenDead = placeDemoOrder(urlsOf(platform, 0), NEVER);
      await platform.start(managed.name);
      expect((await whenDead).status).toBe('VALIDATED');

      await platform.pause(managed.name);
      const whenFrozen = placeDemoOrder(urlsOf(platform, 0), NEVER);
      await platform.resume(managed.name);
      expect((await whenFrozen).status).toBe('VALIDATED');
    });
  });
}
