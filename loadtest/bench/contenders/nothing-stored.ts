import '@standing-order/platform/telemetry/start';
import { loadConfig, serviceConfig } from '@standing-order/platform/config';
import { createApp } from '@standing-order/platform/http';
import { runService } from '@standing-order/platform/runtime';
import { takeOrders } from './take-orders.ts';

const config = loadConfig(serviceConfig);
const app = createApp({ readiness: () => ({ ready: true, reasons: [] }) });
takeOrders(app, async () => true);
runService({ app, host: config.HOST, port: config.PORT });
