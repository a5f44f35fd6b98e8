/** The faults that the pods of a release report, for the programs of the chart's hooks. */
import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';

const REQUEST_TIMEOUT_MS = 5_000;

/**
 * Reads /readyz of every pod behind a name, HOST:PORT, ready or not. Resolves to the reasons that stand against each pod, as
 * "HOST (address): reason". Empty when each pod is ready and has no fault.
 */
export async function readFaults(target: string): Promise<string[]> {
  const { hostname, port } = new URL(`http://${target}`);
  let addresses: string[];
  try {
    addresses = (await lookup(hostname.replace(/[[\]]/g, ''), { all: true })).map(({ address }) => address);
  } catch (error) {
    return [`${hostname}: no pod has an address yet (${(error as Error).message})`];
  }
  const faults = await Promise.all(
    addresses.map(async (address) =>
      (await readPod(address, port)).map((reason) => `${hostname} (${address}): ${reason}`),
    ),
  );
  return faults.flat();
}

async function readPod(address: string, port: string): Promise<string[]> {
  const url = `http://${isIPv6(address) ? `[${address}]` : address}:${port}/readyz`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    const { reasons } = (await response.json()) as { reasons: string[] };
    return response.ok || reasons.length > 0 ? reasons : [`not ready (${response.status})`];
  } catch (error) {
    const { cause, message } = error as Error;
    return [`no response: ${cause instanceof Error ? cause.message : message}`];
  }
}
