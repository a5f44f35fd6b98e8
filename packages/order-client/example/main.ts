/**
 * The shop: an application that places orders by message. POST /purchases places an order and responds with its outcome, however long
 * that takes. GET /purchases/{id} reads the outcome of an earlier purchase, also after a restart.
 */
import '@standing-order/service-kit/telemetry/start';
import { correlationId, orderRequest } from '@standing-order/contracts';
import { createSidecarEnvironment, runSidecarService } from '@standing-order/dapr';
import { createOrderClient, UnknownRequestError } from '@standing-order/order-client';
import { serviceConfig } from '@standing-order/service-kit/config';
import { createApp, ProblemError, pathParam, readJsonBody } from '@standing-order/service-kit/http';
import { z } from 'zod';

const environment = createSidecarEnvironment(serviceConfig);
const { sidecar, store, pubsub, appOptions } = environment;
const app = createApp(appOptions);
const client = createOrderClient({ name: 'shop', app, sidecar, store, pubsub });

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

runSidecarService(environment, { app, start: client.resume, onStopping: client.close });
