import { Connection, type Outcome } from './connection.ts';
import { DISTINCT, orderRequest } from './orders.ts';
import type { Answer, Target, TargetOptions } from './target.ts';

/** More connections than this would measure the kernel. Arrivals beyond it wait, and their wait counts as latency. */
const MAX_CONNECTIONS = 512;

/** With its verdict, or without. */
const TAKEN: ReadonlySet<number> = new Set([201, 202]);

/** Asks by POST /orders. */
export function httpTarget(url: string, { timeoutMs, consumers, restaurants }: TargetOptions): Target {
  const { hostname, port } = new URL(url);
  const requests = Array.from({ length: DISTINCT }, (_, n) =>
    Buffer.from(orderRequest(n, consumers, restaurants), 'latin1'),
  );
  const idle: Connection[] = [];
  let connections = 0;

  function connect(): Connection {
    connections++;
    return new Connection(hostname, Number(port), timeoutMs);
  }

  return {
    get hasRoom() {
      return idle.length > 0 || connections < MAX_CONNECTIONS;
    },
    send(n, done) {
      const connection = idle.pop() ?? connect();
      connection.send(requests[n % DISTINCT] as Buffer, (outcome) => {
        idle.push(connection);
        done(answerOf(outcome));
      });
    },
  };
}

function answerOf(outcome: Outcome): Answer {
  if (!('status' in outcome)) return { other: outcome.error };
  const { status, location, body } = outcome;
  if (TAKEN.has(status) && location !== undefined) return { id: location.slice(location.lastIndexOf('/') + 1) };
  return { other: String(status), text: body };
}
