import { shareOrders } from './replicas.ts';

shareOrders({ store: 'redis', broker: 'redis' });
