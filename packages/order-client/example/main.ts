/**
 * The shop: an application that places orders by message. POST /purchases places an order and responds with its outcome, however long
 * that takes. GET /purchases/{id} reads the outcome of an earlier purchase, also after a restart.
 */
import '@standing-order/service-kit/telemetry/start';
import { createSidecarEnvironment, runSidecarService } from '@standing-order/dapr';
import { createOrderClient } from '@standing-order/order-client';
import { serviceConfig } from '@standing-order/service-kit/config';
import { createApp } from '@standing-order/service-kit/http';
import { addPurchases } from './purchases.ts';

const environment = createSidecarEnvironment(serviceConfig);
const { sidecar, store, pubsub, appOptions } = environment;
const app = createApp(appOptions);
const client = createOrderClient({ name: 'shop', app, sidecar, store, pubsub });
addPurchases(app, client);

runSidecarService(environment, { app, start: client.resume, onStopping: client.close });
