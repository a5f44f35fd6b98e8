import { consumerApi, orderApi, restaurantApi } from '@standing-order/contracts';
import { request } from 'undici';

const TITLES = { order: orderApi.title, consumer: consumerApi.title, restaurant: restaurantApi.title };
const TIMEOUT_MS = 5_000;
const CAUSE = 'kubectl port-forward binds only [::1] when another program uses the port on 127.0.0.1';
const ADVICE = 'stop that program or choose another port.';

/** The state of one address: no listener, no response, another program, or the expected service. */
type Listener = 'none' | 'silent' | 'other' | 'service';

/**
 * The fault of a local port that is not the expected service, or undefined. kubectl forwards a port on 127.0.0.1 and on
 * [::1], and goes on with one of them when the other is in use. A load would then reach the wrong program.
 */
export async function localPortFault(service: keyof typeof TITLES, url: string): Promise<string | undefined> {
  const { protocol, hostname, port } = new URL(url);
  if (hostname !== '127.0.0.1' && hostname !== 'localhost') return undefined;
  const [ipv4, ipv6] = ['127.0.0.1', '[::1]'].map((host) => `${host}:${port || (protocol === 'https:' ? 443 : 80)}`);
  const [onIpv4, onIpv6] = await Promise.all(
    [ipv4, ipv6].map((address) => listenerAt(`${protocol}//${address}`, TITLES[service])),
  );
  if (onIpv4 === 'none' && onIpv6 !== 'none')
    return `${ipv4} refuses connections, but ${ipv6} accepts them. ${CAUSE}: restart kubectl port-forward.`;
  if (onIpv4 === 'other') return `${ipv4} is not the ${service} service. ${CAUSE}: ${ADVICE}`;
  if (onIpv4 !== 'service' || onIpv6 === 'none' || onIpv6 === 'silent') return undefined;
  if (onIpv6 === 'service' && (await isSameProcess(`${protocol}//${ipv4}`, `${protocol}//${ipv6}`))) return undefined;
  return `${ipv4} and ${ipv6} are different programs. ${CAUSE}: ${ADVICE}`;
}

async function listenerAt(url: string, title: string): Promise<Listener> {
  try {
    const document: { info?: { title?: unknown } } = JSON.parse(await readText(`${url}/openapi.json`));
    return document.info?.title === title ? 'service' : 'other';
  } catch (error) {
    const { name, code = '' } = error as NodeJS.ErrnoException;
    if (name === 'TimeoutError') return 'silent';
    return ['ECONNREFUSED', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'ENETUNREACH'].includes(code) ? 'none' : 'other';
  }
}

/** A process counts its own requests: its count rises from each of these requests to the next. */
async function isSameProcess(ipv4: string, ipv6: string): Promise<boolean> {
  const first = await requestCount(ipv4);
  const second = await requestCount(ipv6);
  const third = await requestCount(ipv4);
  return first < second && second < third;
}

async function requestCount(url: string): Promise<number> {
  const samples = (await readText(`${url}/metrics`)).matchAll(/^http_server_request_duration\w*_count\S* (\S+)/gm);
  return samples.reduce((sum, [, count]) => sum + Number(count), 0);
}

/** With undici, because `fetch` refuses some ports. */
async function readText(url: string): Promise<string> {
  const { body } = await request(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  return body.text();
}
