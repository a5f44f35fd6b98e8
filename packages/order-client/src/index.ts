export { createOrderClient, type OrderClient, type OrderClientOptions } from './client.ts';
export { ClosedError } from './outstanding.ts';
export { FullError } from './pending.ts';
export { IdReusedError, type Outcome, UnknownRequestError } from './records.ts';
