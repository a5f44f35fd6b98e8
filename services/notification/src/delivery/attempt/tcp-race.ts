import { connect, isIPv6, type Socket } from 'node:net';

/**
 * Delay before the next address is tried while the earlier ones have not answered (RFC 8305). The earlier attempts go on: Node's own
 * `autoSelectFamily` ends each after 250 ms, and so never reaches a receiver that is further away than that.
 */
const STAGGER_MS = 250;

export interface TcpRaceOptions {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly localAddress?: string | undefined;
  readonly timeoutMs: number;
}

/** Connects to the address that answers first ("happy eyeballs"), and passes its socket or the error of the first failed address. */
export function raceTcp(
  { addresses, port, localAddress, timeoutMs }: TcpRaceOptions,
  callback: (error: Error | null, socket: Socket | null) => void,
): void {
  const waiting = alternateFamilies(addresses);
  const open = new Set<Socket>();
  let firstError: Error | undefined;
  let stagger: NodeJS.Timeout | undefined;
  const deadline = setTimeout(() => finish(new Error('timed out'), null), timeoutMs);

  function finish(error: Error | null, winner: Socket | null): void {
    clearTimeout(deadline);
    clearTimeout(stagger);
    waiting.length = 0;
    for (const socket of open) if (socket !== winner) socket.destroy();
    open.clear();
    callback(error, winner);
  }

  function tryNext(): void {
    clearTimeout(stagger);
    const host = waiting.shift();
    if (host === undefined) return;
    const socket = connect({ host, port, ...(localAddress !== undefined && { localAddress }) });
    open.add(socket);
    // An abandoned socket may still fail, so this listener stays.
    socket.on('error', (error) => {
      if (!open.delete(socket)) return;
      firstError ??= error;
      if (waiting.length > 0) tryNext();
      else if (open.size === 0) finish(firstError, null);
    });
    socket.once('connect', () => {
      if (open.has(socket)) finish(null, socket);
    });
    stagger = setTimeout(tryNext, STAGGER_MS);
  }
  tryNext();
}

/** Alternates between the families, beginning with the first address: a family that does not work costs one delay, not several. */
function alternateFamilies(addresses: readonly string[]): string[] {
  const first = addresses.filter((address) => isIPv6(address) === isIPv6(addresses[0] ?? ''));
  const second = addresses.filter((address) => !first.includes(address));
  return Array.from({ length: Math.max(first.length, second.length) }, (_, index) => [first[index], second[index]])
    .flat()
    .filter((address) => address !== undefined);
}
