import '@standing-order/service-kit/telemetry/start';
import { loadConfig, serviceConfig } from '@standing-order/service-kit/config';
import { createApp } from '@standing-order/service-kit/http';
import { runService } from '@standing-order/service-kit/runtime';
import { acknowledgeOrders } from './acknowledge-orders.ts';

const config = loadConfig(serviceConfig);
const app = createApp({ readiness: () => ({ ready: true, reasons: [] }) });
acknowledgeOrders(app, async () => true);
runService({ app, host: config.HOST, port: config.PORT });
