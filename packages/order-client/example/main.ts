/**
 * A shop that orders by message. POST /purchases places an order and answers with its outcome, however long that takes;
 * GET /purchases/{id} asks for it again, also after a restart.
 */
import '@standing-order/service-kit/telemetry/start';
import { correlationId, orderRequest } from '@standing-order/contracts';
import { createConnection, createSidecar } from '@standing-order/dapr';
import { createOrderClient, UnknownRequestError } from '@standing-order/order-client';
import { loadConfig, serviceConfig } from '@standing-order/service-kit/config';
import { createApp, ProblemError, pathParam, readJsonBody } from '@standing-order/service-kit/http';
import { runService, systemClock } from '@standing-order/service-kit/runtime';
import { z } from 'zod';

const config = loadConfig(serviceConfig);
const sidecar = createSidecar({ httpPort: config.DAPR_HTTP_PORT, apiToken: config.DAPR_API_TOKEN });
const connection = createConnection({ sidecar, storeName: config.STATE_STORE, clock: systemClock });
const app = createApp({ readiness: connection.readiness, appToken: config.APP_API_TOKEN });
const client = createOrderClient({ name: 'shop', app, sidecar, store: connection.store, pubsub: config.PUBSUB });

app.post('/purchases', async (c) => {
  const { id, order } = await readJsonBody(c, z.strictObject({ id: correlationId, order: orderRequest }));
  return c.json(await client.place(order, id));
});

app.get('/purchases/:id', async (c) => {
  const id = pathParam(c, 'id', correlationId);
  const outcome = await client.outcome(id).catch((error: unknown) => {
    throw error instanceof UnknownRequestError ? new ProblemError('not-found', { detail: error.message }) : error;
  });
  return c.json(outcome);
});

runService({
  app,
  host: config.HOST,
  port: config.PORT,
  async start(signal) {
    signal.addEventListener('abort', client.close);
    await connection.open(signal);
    await client.resume();
  },
  stop: connection.close,
});
