export { ClosedError, createOrderClient, type OrderClient, type OrderClientOptions } from './client.ts';
export { FullError } from './pending.ts';
export { IdReusedError, type Outcome, UnknownRequestError } from './records.ts';
