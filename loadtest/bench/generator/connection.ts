import { connect, type Socket } from 'node:net';
import { parseResponse, type Response } from './response.ts';

/** How one request ended: with a response, or without one. */
export type Outcome = Response | { readonly error: string };

/**
 * One keep-alive HTTP/1.1 connection that carries one request at a time and opens itself again when it was closed.
 * Written on the bare socket because the generator shares its cores with what it measures: per request it costs
 * half of what a general client costs.
 */
export class Connection {
  readonly #host: string;
  readonly #port: number;
  readonly #timeoutMs: number;
  #socket: Socket | undefined;
  #pending: ((outcome: Outcome) => void) | undefined;
  #bytes = '';

  constructor(host: string, port: number, timeoutMs: number) {
    this.#host = host;
    this.#port = port;
    this.#timeoutMs = timeoutMs;
  }

  /** Sends a whole request (head and body). `done` is called once, within the timeout. */
  send(request: Uint8Array, done: (outcome: Outcome) => void): void {
    if (this.#pending !== undefined) throw new Error('one request at a time');
    this.#pending = done;
    this.#bytes = '';
    const socket = this.#socket ?? this.#open();
    socket.setTimeout(this.#timeoutMs);
    socket.write(request);
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #open(): Socket {
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true });
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (data: string) => this.#read(socket, data));
    socket.on('timeout', () => this.#fail(socket, 'timeout'));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(socket, error.code ?? error.message));
    socket.on('close', () => this.#fail(socket, 'closed'));
    return socket;
  }

  #read(socket: Socket, data: string): void {
    if (socket !== this.#socket) return;
    this.#bytes = this.#bytes === '' ? data : this.#bytes + data;
    let response: Response | undefined;
    try {
      response = parseResponse(this.#bytes);
    } catch (error) {
      this.#fail(socket, String(error));
      return;
    }
    if (response === undefined) return;
    if (!response.keepAlive) this.close();
    this.#finish(response);
  }

  #fail(socket: Socket, error: string): void {
    if (socket !== this.#socket) return;
    this.close();
    this.#finish({ error });
  }

  #finish(outcome: Outcome): void {
    const done = this.#pending;
    this.#pending = undefined;
    this.#socket?.setTimeout(0);
    done?.(outcome);
  }
}
