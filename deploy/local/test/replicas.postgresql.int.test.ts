// @module-tag postgres
import { shareOrders } from './replicas.ts';

shareOrders({ store: 'postgresql', broker: 'redis' });
