import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { afterEach } from 'vitest';
import { createSender, type Sender, type SenderOptions } from '../src/delivery/attempt/sender.ts';
import { newEndpoint } from '../src/domain/endpoint.ts';
import type { WebhookEvent } from '../src/domain/event.ts';
import { newSecret } from '../src/domain/secret.ts';
import { createAddressPolicy, parseRanges } from '../src/endpoints/address-policy.ts';

export const secret = newSecret();

export const event: WebhookEvent = {
  id: 'settled-01890a5d-ac96-774b-bcce-b302099a8057',
  type: 'order.validated',
  timestamp: '2026-11-22T09:00:00.000Z',
  data: { orderId: '01890a5d-ac96-774b-bcce-b302099a8057', consumerId: 'ada', status: 'VALIDATED', reasons: [] },
};

type TestSenderOptions = Partial<Omit<SenderOptions, 'policy' | 'now'>> & { readonly allowHttp?: boolean };

/** Senders and receivers that are closed after each test. */
export function useSenders() {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  });

  return {
    /** Runs after the test. */
    onEnd: (end: () => Promise<unknown>): unknown => ends.push(end),

    /** Starts a server on loopback, an HTTP server with this listener by default. Returns its port. */
    async receiver(respond: RequestListener | Server): Promise<number> {
      const server = typeof respond === 'function' ? createServer(respond) : respond;
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      ends.push(async () => {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      });
      return (server.address() as AddressInfo).port;
    },

    /** A sender that may connect to these ranges besides public addresses. */
    sender(ranges: string[], { allowHttp = true, ...options }: TestSenderOptions = {}): Sender {
      const allowed = parseRanges(ranges);
      if (!allowed) throw new Error('one of the ranges is invalid');
      const policy = { allowHttp, isAllowedAddress: createAddressPolicy(allowed) };
      const made = createSender({ policy, now: Date.now, ...options });
      ends.push(made.close);
      return made;
    },
  };
}

/** Sends the event to an endpoint with this URL. */
export const post = ({ send }: Sender, url: string, signal = new AbortController().signal) =>
  send(newEndpoint({ id: 'h', request: { url, description: '' }, secret, now: 0 }), event, signal);

/** A resolver that returns the next list of addresses for each lookup. */
export function changingLookup(...answers: string[][]): LookupFunction {
  let lookups = 0;
  return (_name, options, callback) => {
    const addresses = answers[Math.min(lookups++, answers.length - 1)] ?? [];
    const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    if (options.all) callback(null, found);
    else callback(null, found[0]?.address ?? '', found[0]?.family);
  };
}
