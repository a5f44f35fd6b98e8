import type { LookupFunction } from 'node:net';
import type { SecureContext } from 'node:tls';
import { Agent, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';
import type { UrlPolicy } from '../../endpoints/url-policy.ts';
import { createGuardedConnector } from './connector.ts';

/** A proxy that deliveries go through. */
export interface WebhookProxy {
  /** http or https URL, with user name and password if the proxy requires them. */
  readonly url: string;
  /** Hosts that are reached without it, in the notation of NO_PROXY. */
  readonly except: string;
}

export interface DispatcherOptions {
  readonly policy: UrlPolicy;
  readonly timeoutMs: number;
  readonly lookup?: LookupFunction;
  readonly secureContext?: SecureContext | undefined;
  readonly proxy?: WebhookProxy;
}

/** Maximum number of connections to one receiver. */
const MAX_CONNECTIONS = 8;

/**
 * Opens the connections of deliveries: to allowed addresses only, or through the proxy. The proxy resolves the names of receivers, so it
 * has to refuse internal addresses.
 */
export function createDispatcher({ policy, timeoutMs, lookup, secureContext, proxy }: DispatcherOptions): Dispatcher {
  const { isAllowedAddress } = policy;
  const options = {
    connections: MAX_CONNECTIONS,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxHeaderSize: 16 * 1024,
    allowH2: false,
    connect: createGuardedConnector({ isAllowedAddress, timeoutMs, secureContext, ...(lookup && { lookup }) }),
  };
  if (!proxy) return new Agent(options);
  const tls = { timeout: timeoutMs, ...(secureContext && { secureContext }) };
  return new EnvHttpProxyAgent({
    ...options,
    httpProxy: proxy.url,
    httpsProxy: proxy.url,
    noProxy: proxy.except,
    proxyTls: tls,
    requestTls: tls,
    // Otherwise a proxy that does not respond would hold a connection for five minutes.
    clientFactory: (origin, settings) => new Pool(origin, { ...settings, headersTimeout: timeoutMs }),
  });
}
