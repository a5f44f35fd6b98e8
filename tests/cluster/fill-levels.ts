import type { Cluster } from './cluster.ts';
import { RELEASE, waitForRollout } from './release.ts';

/** Checks that the chart exports memory and volume of both Redis servers, with their limits. Resolves to the used shares. */
export async function checkFillLevels(cluster: Cluster): Promise<string> {
  const name = `${RELEASE}-store-metrics`;
  await waitForRollout(cluster, `deployment/${name}`);
  const text = await cluster.forward(`service/${name}`, 80, async (port) =>
    (await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(10_000) })).text(),
  );
  const shares = ['state', 'broker'].flatMap((store) =>
    ['memory', 'volume'].map((resource) => {
      const read = (metric: string) =>
        Number(new RegExp(`^${metric}\\{store="${store}",resource="${resource}"\\} (\\d+)$`, 'm').exec(text)?.[1]);
      const share = read('store_used_bytes') / read('store_limit_bytes');
      if (!(share >= 0 && share < 1)) throw new Error(`no fill level of ${store} ${resource}:\n${text}`);
      return `${store} ${resource} ${(share * 100).toFixed(1)} %`;
    }),
  );
  return shares.join(', ');
}
