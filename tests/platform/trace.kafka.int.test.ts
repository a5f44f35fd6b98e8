import { traceOrders } from './trace.ts';

traceOrders('kafka');
