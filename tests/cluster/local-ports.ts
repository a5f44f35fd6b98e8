import { isFree } from '@standing-order/local';

/** kubectl port-forward binds both loopback addresses, and continues if one of the two fails. */
const LOOPBACK = { '127.0.0.1': '127.0.0.1', '[::1]': '::1' } as const;

type Address = keyof typeof LOOPBACK;

/** A local port that another program listens on. */
export interface PortInUse {
  readonly port: number;
  readonly addresses: readonly Address[];
}

/** The fixed local ports of port-forward commands: 4000 for `kubectl port-forward service/shop-order 4000:80 &`. */
export function fixedLocalPorts(commands: readonly string[]): number[] {
  const ports = commands
    .filter((command) => command.startsWith('kubectl port-forward '))
    .flatMap((command) => [...command.matchAll(/ (\d+):\d+\b/g)].map(([, port]) => Number(port)));
  return [...new Set(ports)].toSorted((a, b) => a - b);
}

/**
 * Checks both loopback addresses of each port.
 *
 * @throws an Error that names every port in use
 */
export async function requireFreePorts(ports: readonly number[]): Promise<void> {
  const inUse: PortInUse[] = [];
  for (const port of ports) {
    const addresses: Address[] = [];
    for (const address of ['127.0.0.1', '[::1]'] as const) {
      // An address that this machine does not have is not in use.
      if (!(await isFree(port, LOOPBACK[address]).catch(() => true))) addresses.push(address);
    }
    if (addresses.length > 0) inUse.push({ port, addresses });
  }
  if (inUse.length > 0) throw new Error(inUse.map(describePortInUse).join('\n'));
}

export function describePortInUse({ port, addresses }: PortInUse): string {
  const free = (Object.keys(LOOPBACK) as Address[]).filter((address) => !addresses.includes(address));
  const consequence = free.length === 0 ? 'would fail' : `would bind only ${free.join()}`;
  return (
    `port ${port} on ${addresses.join(' and ')} is in use by another program, and kubectl port-forward ${consequence}; ` +
    'stop that program (npm start uses 4000 to 4999) and run the test again'
  );
}
