import '@standing-order/platform/telemetry/start';
import { runValidator } from '@standing-order/platform/entities';
import { restaurantService } from './restaurant.ts';

runValidator(restaurantService);
