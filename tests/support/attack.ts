import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';

/** How much of each kind of abuse one caller commits. */
export interface AttackPlan {
  /** Orders that are sent but for their last byte. */
  readonly slowUploads: number;
  /** Event streams of the caller's own orders. */
  readonly streams: number;
  /** Requests without the end of their headers. */
  readonly halfSent: number;
  /** Reads of the API documents per second. */
  readonly documentsPerSecond: number;
}

export interface AttackTarget {
  /** Base URL of the order service. */
  readonly url: string;
  /** The consumer that the token is for. */
  readonly consumerId: string;
  readonly token: string;
}

/** The result of the attack so far. */
export interface AttackCounts {
  /** Connections that are open now, by kind. */
  readonly open: Readonly<Record<string, number>>;
  /** First lines of all responses, by kind. A connection that ended without one counts as `closed`. */
  readonly responses: Readonly<Record<string, number>>;
}

/** Almost the largest body of an order. */
const BODY_BYTES = 32_000;
const DOCUMENTS = ['/openapi.json', '/asyncapi.json', '/docs'];
/** Longest pause after which a connection that the server has ended is opened again. */
const AGAIN_WITHIN_MS = 10_000;
const DOCUMENT_CONNECTIONS = 16;

/** The abuse of one caller against an order service. Call `stop` in every case. */
export class Attack {
  readonly #target: AttackTarget;
  readonly #sockets = new Map<Socket, string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #responses: Record<string, number> = {};
  readonly #agent = new Agent({ keepAlive: true, maxSockets: DOCUMENT_CONNECTIONS });
  #stopped = false;

  constructor(target: AttackTarget) {
    this.#target = target;
  }

  /** Opens all connections. Resolves when each is connected or was refused. */
  async start({ slowUploads, streams, halfSent, documentsPerSecond }: AttackPlan): Promise<void> {
    const { consumerId, token } = this.#target;
    const auth = `authorization: Bearer ${token}`;
    const upload = `POST /orders HTTP/1.1\r\nhost: order\r\n${auth}\r\ncontent-type: application/json\r\ncontent-length: ${BODY_BYTES}\r\n\r\n${'x'.repeat(BODY_BYTES - 1)}`;
    const stream = `GET /consumers/${consumerId}/orders/events HTTP/1.1\r\nhost: order\r\n${auth}\r\naccept: text/event-stream\r\n\r\n`;
    const opened = [
      ...Array.from({ length: slowUploads }, () => this.#hold('upload', upload)),
      ...Array.from({ length: streams }, () => this.#hold('stream', stream)),
      ...Array.from({ length: halfSent }, () =>
        this.#hold('half-sent', 'POST /orders HTTP/1.1\r\nhost: order\r\ncontent-'),
      ),
    ];
    await Promise.all(opened);
    if (documentsPerSecond > 0) this.#readDocuments(documentsPerSecond);
  }

  counts(): AttackCounts {
    const open: Record<string, number> = {};
    for (const kind of this.#sockets.values()) open[kind] = (open[kind] ?? 0) + 1;
    return { open, responses: { ...this.#responses } };
  }

  /** Ends all connections. */
  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#sockets.keys()) socket.destroy();
    this.#agent.destroy();
  }

  /** Sends `text` and leaves the connection open; opens it again after it has ended. */
  #hold(kind: string, text: string): Promise<void> {
    const { hostname, port } = new URL(this.#target.url);
    return new Promise((connected) => {
      const socket = connect({ host: hostname, port: Number(port) });
      let first: string | undefined;
      this.#sockets.set(socket, kind);
      socket.once('connect', () => {
        socket.write(text);
        connected();
      });
      socket.on('data', (data) => {
        first ??= data.toString('latin1').split('\r\n', 1)[0];
        // A refused request is over, though its connection stays open.
        if (!first?.includes(' 200 ')) socket.destroy();
      });
      socket.on('error', () => undefined);
      socket.once('close', () => {
        connected();
        this.#sockets.delete(socket);
        if (this.#stopped) return;
        this.#count(kind, first?.split(' ')[1] ?? 'closed');
        this.#later(Math.random() * AGAIN_WITHIN_MS, () => void this.#hold(kind, text));
      });
    });
  }

  #readDocuments(perSecond: number): void {
    let n = 0;
    const timer = setInterval(() => {
      const path = DOCUMENTS[n++ % DOCUMENTS.length] as string;
      const outgoing = request(`${this.#target.url}${path}`, { agent: this.#agent }, (response) => {
        this.#count('document', String(response.statusCode));
        response.resume();
      });
      outgoing.on('error', () => this.#stopped || this.#count('document', 'closed'));
      outgoing.end();
    }, 1_000 / perSecond);
    this.#timers.add(timer);
  }

  #later(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, ms);
    this.#timers.add(timer);
  }

  #count(kind: string, answer: string): void {
    const name = `${kind} ${answer}`;
    this.#responses[name] = (this.#responses[name] ?? 0) + 1;
  }
}
