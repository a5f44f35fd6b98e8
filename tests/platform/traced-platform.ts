import type { BrokerKind } from '@standing-order/local';
import { poll } from '@standing-order/testing/poll';
import { afterAll, beforeAll } from 'vitest';
import { get, type HttpResponse, post } from '../support/client.ts';
import { type ClientTrace, ClientTraces } from '../support/client-traces.ts';
import { type Collector, startCollector } from '../support/otlp.ts';
import { GOOD_ORDER, type PlatformFixture, usePlatform } from '../support/platform-fixture.ts';
import { type Shop, shopSubscription, useShop } from '../support/shop.ts';

/** A platform and a shop that export every span. */
export interface TracedPlatform {
  readonly fixture: () => PlatformFixture;
  readonly shop: () => Shop;
  readonly traces: ClientTraces;
  /** Places an order at the first replica. */
  place(trace: ClientTrace, style: string, order?: object): Promise<HttpResponse>;
  /** Buys by message. */
  buy(trace: ClientTrace, id: string): Promise<HttpResponse>;
  /** Resolves when the local copies are fresh. */
  untilFresh(): Promise<void>;
}

/** Starts the platform before the tests of this file, and stops it after them. */
export function useTracedPlatform(broker: BrokerKind): TracedPlatform {
  let collector: Collector;
  // Hooks run in reverse order: the platform stops first and sends its last spans.
  afterAll(() => collector?.close());
  const fixture = usePlatform(async () => {
    collector = await startCollector();
    // Every process inherits these.
    Object.assign(process.env, {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: collector.headers,
      OTEL_TRACES_SAMPLER: 'parentbased_always_on',
      OTEL_BSP_SCHEDULE_DELAY: '200',
    });
    return {
      broker,
      replicas: { order: 2, notification: 1 },
      env: { order: { STYLE_OVERRIDE: 'allowed', REPLICA_STALENESS_MS: '60000' } },
      resources: (resources) => [...resources, shopSubscription],
    };
  });
  const shop = useShop(fixture);
  beforeAll(() => warmUp(fixture()));
  const firstUrl = () => fixture().platform.urls.order[0];

  return {
    fixture,
    shop,
    traces: new ClientTraces(() => collector),
    place: (trace, style, order = GOOD_ORDER) =>
      post(`${firstUrl()}/orders`, order, { ...trace.headers, 'order-style': style }),
    buy: (trace, id) => post(`${shop().url}/purchases`, { id, order: GOOD_ORDER }, trace.headers),
    async untilFresh() {
      const replicas = async () => (await get(`${firstUrl()}/replicas`)).body;
      await poll('copies are fresh', replicas, ({ consumer, restaurant }) => consumer.fresh && restaurant.fresh);
    },
  };
}

/** Kafka redelivers messages in flight while sidecars still join their group. */
async function warmUp({ place, allDecided, platform }: PlatformFixture): Promise<void> {
  await place(20);
  await allDecided();
  // A confirmation that is still under way could share a batch message with one of a traced order.
  for (const url of platform.urls.order) {
    const waiting = async () => (await get(`${url}/waiting-orders`)).body.orders;
    await poll('every order is complete', waiting, ({ length }) => length === 0);
  }
}
