import '@standing-order/service-kit/telemetry/start';
import { runEntityService } from '@standing-order/entity-store/entities';
import { restaurantService } from './restaurant.ts';

runEntityService(restaurantService);
