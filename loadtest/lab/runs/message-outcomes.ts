import type { OrderLine } from '../../scenarios/lib/log.ts';

const WAIT_SECONDS = 30;
/** Longest time until the response, beside the wait. */
const RESPONSE_MS = 10_000;
const AT_ONCE = 50;

/** The acknowledged requests of the message client whose right outcome has not arrived on its reply channel. */
export async function findUndelivered(
  clientUrl: string,
  requests: readonly OrderLine[],
  signal: AbortSignal,
): Promise<string[]> {
  const acknowledged = requests.filter(({ phase, outcome }) => phase === 'messaging' && outcome === 'ok');
  const undelivered: string[] = [];
  const next = acknowledged.values();
  const work = async () => {
    for (const { key, expected } of next) {
      const response = await fetch(`${clientUrl}/orders/${key}`, {
        headers: { prefer: `wait=${WAIT_SECONDS}` },
        signal: AbortSignal.any([signal, AbortSignal.timeout(1_000 * WAIT_SECONDS + RESPONSE_MS)]),
      });
      const outcome = (await response.json()) as { kind?: string; order?: { status?: string } };
      if (outcome.kind !== 'settled' || outcome.order?.status !== expected) undelivered.push(key);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return undelivered;
}
