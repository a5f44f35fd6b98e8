// @module-tag kafka
// @module-tag java
import { shareOrders } from './replicas.ts';

shareOrders({ store: 'redis', broker: 'kafka' });
