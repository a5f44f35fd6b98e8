import { type OrderView, orderView } from '@standing-order/contracts';
import { Agent, EventSource } from 'undici';

export interface Heard {
  readonly id: string;
  readonly order: OrderView;
}

/** A client of server-sent events, as the HTML standard has it: it comes back by itself, unless it is told not to. */
export interface Listener {
  readonly heard: readonly Heard[];
  /** For how many connections it has asked. */
  connections(): number;
  /** Whether it will not come back any more. */
  closed(): boolean;
  close(): Promise<void>;
}

/** Listens to `path` at the first of the replicas, and with each new connection at the next one, as behind a balancer. */
export function listen(replicas: readonly string[], path: string): Listener {
  const heard: Heard[] = [];
  let connections = 0;
  const agent = new Agent({ bodyTimeout: 0 });
  const dispatcher = agent.compose((dispatch) => (options, handler) => {
    const origin = replicas[connections++ % replicas.length];
    return dispatch({ ...options, ...(origin !== undefined && { origin }) }, handler);
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
