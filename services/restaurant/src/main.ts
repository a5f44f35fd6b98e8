import '@standing-order/platform/telemetry/start';
import { restaurant, topics } from '@standing-order/contracts';
import { createAuthenticate } from '@standing-order/platform/auth';
import { createAnnouncer } from '@standing-order/platform/changes';
import { loadConfig, serviceConfig } from '@standing-order/platform/config';
import { createConnection } from '@standing-order/platform/connection';
import { createSidecar } from '@standing-order/platform/dapr';
import { createEntities } from '@standing-order/platform/entities';
import { realClock, realRandom, runService, uuidv7 } from '@standing-order/platform/runtime';
import { restaurantApp, SOURCE } from './app.ts';

const config = loadConfig(serviceConfig);
const sidecar = createSidecar({ httpPort: config.DAPR_HTTP_PORT, apiToken: config.DAPR_API_TOKEN });
const connection = createConnection({ sidecar, storeName: config.STATE_STORE, clock: realClock });
const restaurants = createEntities({
  store: connection.store,
  prefix: 'r:',
  schema: restaurant,
  announce: createAnnouncer({
    sidecar,
    pubsub: config.PUBSUB,
    topic: topics['restaurant-changes'],
    source: SOURCE,
    clock: realClock,
  }),
});
const app = restaurantApp({
  restaurants,
  sidecar,
  pubsub: config.PUBSUB,
  clock: realClock,
  newId: () => uuidv7(realClock, realRandom),
  readiness: connection.readiness,
  appToken: config.APP_API_TOKEN,
  authenticate: createAuthenticate(config),
});

runService({
  app,
  host: config.HOST,
  port: config.PORT,
  async start(signal) {
    await connection.open(signal);
    await restaurants.repair(signal);
  },
  stop: connection.close,
});
