import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction, Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { buildConnector } from 'undici';
import { type AddressPolicy, ipLiteral } from '../../endpoints/address-policy.ts';
import { createNameLookup, type NameLookup } from './name-lookup.ts';
import { raceTcp } from './tcp-race.ts';

/** The endpoint resolves to an address that is not allowed, or to none. */
class AddressError extends Error {
  override readonly name = 'AddressError';
  constructor(address: string | undefined) {
    super(address === undefined ? 'the host name has no address' : `the address ${address} is not allowed`);
  }
}

export interface ConnectorOptions {
  readonly isAllowedAddress: AddressPolicy;
  readonly timeoutMs: number;
  /** Resolves host names. Default: the resolver of the operating system. */
  readonly lookup?: LookupFunction;
  /** Certificate authorities that are trusted. Default: those of Node. */
  readonly secureContext?: SecureContext | undefined;
}

/**
 * Connects only to allowed addresses. It checks the addresses that it connects to, so a name that resolves differently the second time
 * (DNS rebinding) gains nothing.
 */
export function createGuardedConnector({
  isAllowedAddress,
  timeoutMs,
  lookup = systemLookup as LookupFunction,
  secureContext,
}: ConnectorOptions): buildConnector.connector {
  const lookupName = createNameLookup(lookup);
  const startTls = buildConnector({ timeout: timeoutMs, allowH2: false, ...(secureContext && { secureContext }) });
  return (options, callback) => {
    const isHttps = options.protocol === 'https:';
    resolveAllowed(options.hostname, { isAllowedAddress, lookupName }, (...[unresolved, addresses]) => {
      if (unresolved) return callback(unresolved, null);
      const port = Number(options.port || (isHttps ? 443 : 80));
      const { localAddress } = options;
      raceTcp({ addresses, port, timeoutMs, localAddress: localAddress ?? undefined }, (error, socket) => {
        if (!socket) return callback(error ?? new AddressError(undefined), null);
        if (socket.remoteAddress === undefined || !isAllowedAddress(socket.remoteAddress)) {
          socket.destroy();
          return callback(new AddressError(socket.remoteAddress), null);
        }
        if (isHttps) startTls({ ...options, httpSocket: socket }, callback);
        else callback(null, prepared(socket));
      });
    });
  };
}

/** As undici prepares the sockets that it opens. */
const prepared = (socket: Socket): Socket => socket.setNoDelay(true).setKeepAlive(true, 60_000);

/** Resolves a host to its allowed addresses, and fails if there are none. */
function resolveAllowed(
  hostname: string,
  { isAllowedAddress, lookupName }: Pick<ConnectorOptions, 'isAllowedAddress'> & { readonly lookupName: NameLookup },
  callback: (...result: [Error, null] | [null, string[]]) => void,
): void {
  const check = (addresses: readonly string[]): void => {
    const allowed = addresses.filter(isAllowedAddress);
    if (allowed.length > 0) callback(null, allowed);
    else callback(new AddressError(addresses[0]), null);
  };
  // An IP literal in the URL is never looked up.
  const literal = ipLiteral(hostname);
  if (literal !== undefined) {
    check([literal]);
    return;
  }
  lookupName(hostname).then(check, (error: Error) => callback(error, null));
}
