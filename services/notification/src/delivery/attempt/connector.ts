import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { type AddressRule, literalAddress } from '../../endpoints/address-policy.ts';

/** The address is one that no webhook may lead to. */
class AddressError extends Error {
  override readonly name = 'AddressError';
  constructor(address: string) {
    super(`leads to ${address}, which is not allowed`);
  }
}

export interface ConnectorOptions {
  readonly reachable: AddressRule;
  readonly timeoutMs: number;
  /** How names become addresses; default: as the system does it. */
  readonly lookup?: LookupFunction;
}

/**
 * Connects only where the rule allows it. Judged is the address that is connected to, so that a name that leads somewhere
 * else the second time gains nothing.
 */
export function guardedConnector({ reachable, timeoutMs, lookup }: ConnectorOptions): buildConnector.connector {
  const connect = buildConnector({
    timeout: timeoutMs,
    allowH2: false,
    lookup: guardedLookup(reachable, lookup ?? (systemLookup as LookupFunction)),
  });
  return (options, callback) => {
    // An address in the URL itself is never looked up.
    const literal = literalAddress(options.hostname);
    if (literal !== undefined && !reachable(literal)) {
      callback(new AddressError(literal), null);
      return;
    }
    connect(options, (...[error, socket]) => {
      if (error) callback(error, null);
      else if (socket.remoteAddress !== undefined && reachable(socket.remoteAddress)) callback(null, socket);
      else {
        socket.destroy();
        callback(new AddressError(socket.remoteAddress ?? 'nowhere'), null);
      }
    });
  };
}

/** Gives only addresses that the rule allows, and fails where there are none. */
function guardedLookup(reachable: AddressRule, lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses = Array.isArray(found) ? found : [];
      const allowed = addresses.filter(({ address }) => reachable(address));
      const [first] = allowed;
      if (error) callback(error, '');
      else if (!first) callback(new AddressError(addresses[0]?.address ?? 'nowhere'), '');
      else if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}
