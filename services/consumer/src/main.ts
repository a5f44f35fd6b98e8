import '@standing-order/service-kit/telemetry/start';
import { runEntityService } from '@standing-order/entity-store/entities';
import { consumerService } from './consumer.ts';

runEntityService(consumerService);
