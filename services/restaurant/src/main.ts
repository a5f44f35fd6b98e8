import '@standing-order/service-kit/telemetry/start';
import { runValidator } from '@standing-order/entity-store/entities';
import { restaurantService } from './restaurant.ts';

runValidator(restaurantService);
