import { type OrderView, orderView } from '@standing-order/contracts';
import { Agent, EventSource } from 'undici';

export interface Responses {
  readonly id: string;
  readonly order: OrderView;
}

/** A client of server-sent events after the HTML standard: it reconnects until the server ends the stream for good. */
export interface Listener {
  readonly heard: readonly Responses[];
  /** Number of its connections so far. */
  connections(): number;
  /** True once it does not reconnect any more. */
  closed(): boolean;
  close(): Promise<void>;
}

/** Listens to `path` at the first replica, and at the next replica after each reconnect, as behind a load balancer. */
export function listen(
  replicas: readonly string[],
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Listener {
  const heard: Responses[] = [];
  let connections = 0;
  const agent = new Agent({ bodyTimeout: 0 });
  const dispatcher = agent.compose((dispatch) => (options, handler) => {
    const origin = replicas[connections++ % replicas.length];
    const all = { ...(options.headers as Record<string, string>), ...headers };
    return dispatch({ ...options, headers: all, ...(origin !== undefined && { origin }) }, handler);
  });
  const source = new EventSource(`${replicas[0]}${path}`, { node: { dispatcher, reconnectionTime: 100 } });
  source.addEventListener('order', (event) => {
    const { lastEventId, data } = event as MessageEvent;
    heard.push({ id: lastEventId, order: orderView.parse(JSON.parse(data)) });
  });
  return {
    heard,
    connections: () => connections,
    closed: () => source.readyState === EventSource.CLOSED,
    close: async () => {
      source.close();
      await agent.destroy();
    },
  };
}
