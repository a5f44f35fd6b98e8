import { traceOrders } from './trace.ts';

traceOrders('redis');
