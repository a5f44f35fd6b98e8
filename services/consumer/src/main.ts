import '@standing-order/platform/telemetry/start';
import { runValidator } from '@standing-order/platform/entities';
import { consumerService } from './consumer.ts';

runValidator(consumerService);
