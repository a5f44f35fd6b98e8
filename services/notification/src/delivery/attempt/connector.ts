import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { type AddressPolicy, ipLiteral } from '../../endpoints/address-policy.ts';

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
}

/**
 * Connects only to allowed addresses. It checks the address that it connects to, so a name that resolves differently the second time
 * (DNS rebinding) gains nothing.
 */
export function createGuardedConnector({
  isAllowedAddress,
  timeoutMs,
  lookup,
}: ConnectorOptions): buildConnector.connector {
  const connect = buildConnector({
    timeout: timeoutMs,
    allowH2: false,
    lookup: guardedLookup(isAllowedAddress, lookup ?? (systemLookup as LookupFunction)),
  });
  return (options, callback) => {
    // An IP literal in the URL is never looked up.
    const literal = ipLiteral(options.hostname);
    if (literal !== undefined && !isAllowedAddress(literal)) {
      callback(new AddressError(literal), null);
      return;
    }
    connect(options, (...[error, socket]) => {
      if (error) callback(error, null);
      else if (socket.remoteAddress !== undefined && isAllowedAddress(socket.remoteAddress)) callback(null, socket);
      else {
        socket.destroy();
        callback(new AddressError(socket.remoteAddress), null);
      }
    });
  };
}

/** Returns only allowed addresses, and fails if there are none. */
function guardedLookup(isAllowedAddress: AddressPolicy, lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses = Array.isArray(found) ? found : [];
      const allowed = addresses.filter(({ address }) => isAllowedAddress(address));
      const [first] = allowed;
      if (error) callback(error, '');
      else if (!first) callback(new AddressError(addresses[0]?.address), '');
      else if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}
