// @module-tag kafka
// @module-tag java
import { traceOrders } from './trace.ts';

traceOrders('kafka');
