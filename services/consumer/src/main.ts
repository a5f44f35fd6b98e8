import '@standing-order/service-kit/telemetry/start';
import { runValidator } from '@standing-order/entity-store/entities';
import { consumerService } from './consumer.ts';

runValidator(consumerService);
