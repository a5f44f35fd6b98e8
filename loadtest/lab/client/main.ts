/**
 * The message client of the lab. POST /orders stores a request in the client's own state store, sends it by message and answers 202.
 * GET /orders/{id} answers the outcome, or 202 when it has not arrived within `Prefer: wait`.
 */
import '@standing-order/service-kit/telemetry/start';
import { setTimeout as pause } from 'node:timers/promises';
import { correlationId, orderRequest } from '@standing-order/contracts';
import { createSidecarEnvironment, runSidecarService } from '@standing-order/dapr';
import { createOrderClient, UnknownRequestError } from '@standing-order/order-client';
import { serviceConfig } from '@standing-order/service-kit/config';
import { createApp, ProblemError, pathParam, readJsonBody } from '@standing-order/service-kit/http';
import { z } from 'zod';

const MAX_PENDING = 20_000;

const environment = createSidecarEnvironment(serviceConfig);
const { sidecar, store, pubsub, appOptions } = environment;
const app = createApp(appOptions);
const client = createOrderClient({ name: 'shop', app, sidecar, store, pubsub, maxPending: MAX_PENDING });

app.post('/orders', async (c) => {
  const { id, order } = await readJsonBody(c, z.strictObject({ id: correlationId, order: orderRequest }));
  return c.json({ id: await client.submit(order, id) }, 202);
});

app.get('/orders/:id', async (c) => {
  const id = pathParam(c, 'id', correlationId);
  const waitSeconds = Number(/^wait=(\d+)$/.exec(c.req.header('prefer') ?? '')?.[1] ?? 0);
  const outcome = client.outcome(id).catch((error: unknown) => {
    throw error instanceof UnknownRequestError ? new ProblemError('not-found', { detail: error.message }) : error;
  });
  const result = await Promise.race([outcome, pause(1_000 * waitSeconds)]);
  if (result !== undefined) return c.json(result);
  outcome.catch(() => {});
  return c.json({ id, status: 'PENDING' }, 202);
});

runSidecarService(environment, { app, start: client.resume, onStopping: client.close });
