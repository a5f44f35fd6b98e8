import { request } from 'node:http';
import type { ReceivedResponse } from './check-response.ts';
import type { GeneratedRequest } from './requests.ts';

const DEADLINE_MS = 30_000;

/** Sends a generated request, and receives the response: all of it, or the first part of a stream, which is then closed. */
export function send(base: string, { method, path, headers, body }: GeneratedRequest): Promise<ReceivedResponse> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    // Latin-1, as Node takes the values of headers.
    const outgoing = request(
      { hostname, port, method, path, agent: false, headers: { ...headers, ...length } },
      (response) => {
        const chunks: Buffer[] = [];
        const end = () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers as ReceivedResponse['headers'],
            body: Buffer.concat(chunks).toString(),
          });
        const isStream = response.headers['content-type']?.startsWith('text/event-stream');
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          if (isStream) outgoing.destroy();
        });
        response.once('close', end);
      },
    );
    outgoing.setTimeout(DEADLINE_MS, () => outgoing.destroy(new Error(`${method} ${path} was not answered`)));
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}
