import { request } from 'node:http';
import { text } from 'node:stream/consumers';

const REQUEST_DEADLINE_MS = 20_000;

/** An HTTP response; `body` is the parsed JSON, or undefined when there is none. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  // biome-ignore lint/suspicious/noExplicitAny: each test asserts the fields that it reads
  readonly body: any;
}

/** A request over real HTTP, one connection each, so that a killed server never hands its connection to the next test. */
export function call(
  method: string,
  url: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpResponse> {
  const content = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method,
        agent: false,
        signal: AbortSignal.timeout(REQUEST_DEADLINE_MS),
        headers: {
          ...(content === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
      },
      async (response) => {
        const raw = await text(response);
        try {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: raw === '' ? undefined : JSON.parse(raw),
          });
        } catch (error) {
          reject(new Error(`${method} ${url} answered no JSON: ${raw.slice(0, 200)}`, { cause: error }));
        }
      },
    );
    outgoing.once('error', reject);
    outgoing.end(content);
  });
}

export const get = (url: string) => call('GET', url);
export const post = (url: string, body: unknown, headers?: Readonly<Record<string, string>>) =>
  call('POST', url, body, headers);

/** The metrics of the service at `url`, in the format of Prometheus. */
export async function getMetrics(url: string | undefined, deadlineMs = REQUEST_DEADLINE_MS): Promise<string> {
  const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(deadlineMs) });
  return response.text();
}

/** Adds up the samples of a metric with these labels. */
export function sumOf(metrics: string, name: string, labels: Readonly<Record<string, string>>): number {
  return metrics
    .split('\n')
    .filter((line) => line.startsWith(name))
    .filter((line) => Object.entries(labels).every(([label, value]) => line.includes(`${label}="${value}"`)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** Runs `count` calls, at most `width` at a time. Resolves to their results in order. */
export async function concurrently<T>(count: number, width: number, run: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = new Array(count);
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const index = next++;
      results[index] = await run(index);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}
