/** The head and extent of one HTTP/1.1 response. */
export interface Response {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
  /** Whether the connection can carry another request. */
  readonly keepAlive: boolean;
  /** How many bytes of the input it took. */
  readonly length: number;
}

const STATUS = /^HTTP\/1\.[01] (\d{3})/;

/**
 * Reads one response off the start of `bytes` (a latin1 string, one char per byte): undefined while it is incomplete.
 * Understands Content-Length, chunked bodies and responses without a body. Throws on what is no HTTP/1.1 response.
 */
export function parseResponse(bytes: string): Response | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = bytes.slice(0, headEnd);
  const status = STATUS.exec(head)?.[1];
  if (status === undefined) throw new Error(`no HTTP/1.1 response: ${head.slice(0, 80)}`);
  const found = readBody(bytes, headEnd + 4, head);
  if (found === undefined) return undefined;
  return {
    status: Number(status),
    location: header(head, 'location'),
    body: found.body,
    keepAlive: header(head, 'connection')?.toLowerCase() !== 'close',
    length: found.end,
  };
}

function header(head: string, name: string): string | undefined {
  return new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i').exec(head)?.[1]?.trim();
}

function readBody(bytes: string, start: number, head: string): { body: string; end: number } | undefined {
  const length = header(head, 'content-length');
  if (length !== undefined) {
    const end = start + Number(length);
    return bytes.length < end ? undefined : { body: bytes.slice(start, end), end };
  }
  if (header(head, 'transfer-encoding') !== 'chunked') return { body: '', end: start };
  return readChunks(bytes, start);
}

function readChunks(bytes: string, start: number): { body: string; end: number } | undefined {
  let at = start;
  let body = '';
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.slice(at, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error('a chunk without a size');
    const next = lineEnd + 2 + size + 2;
    if (bytes.length < next) return undefined;
    if (size === 0) return { body, end: next };
    body += bytes.slice(lineEnd + 2, lineEnd + 2 + size);
    at = next;
  }
}
