import { Pool } from 'undici';
import type { Send, Target } from './load.ts';
import { bodyOf } from './orders.ts';

/** To all replicas together. More connections would measure the kernel. Further requests wait in the pool, and their wait counts as latency. */
const CONNECTIONS = 512;
/** 201: the decided order. 202: the order is PENDING. */
const ACKNOWLEDGED: ReadonlySet<number> = new Set([201, 202]);

/**
 * Sends orders by POST /orders, to each replica in turn. The generator shares its cores with the system under test, so it uses undici's handlers:
 * `Pool.request` with its streams and promises takes half as much processor time again.
 */
export function httpSender({ urls, headers: more }: Extract<Target, { by: 'http' }>, timeoutMs: number): Send {
  const connections = Math.floor(CONNECTIONS / urls.length);
  const pools = urls.map((url) => new Pool(url, { connections, headersTimeout: timeoutMs, bodyTimeout: timeoutMs }));
  const headers = { 'content-type': 'application/json', ...more };
  return (requestNumber) =>
    new Promise((resolve) => {
      let status = 0;
      let location: string | undefined;
      let text = '';
      (pools[requestNumber % pools.length] as Pool).dispatch(
        { method: 'POST', path: '/orders', headers, body: bodyOf(requestNumber) },
        {
          onRequestStart: () => {},
          onResponseStart: (_, statusCode, responseHeaders) => {
            status = statusCode;
            location = responseHeaders.location?.toString();
          },
          onResponseData: (_, chunk) => {
            text += chunk.toString('latin1');
          },
          onResponseEnd: () => {
            if (ACKNOWLEDGED.has(status) && location !== undefined)
              resolve({ id: location.slice(location.lastIndexOf('/') + 1) });
            else resolve({ other: String(status), text });
          },
          onResponseError: (_, { code, message }: NodeJS.ErrnoException) => resolve({ other: code ?? message }),
        },
      );
    });
}
