export { createOrderClient, type OrderClient, type OrderClientOptions } from './client.ts';
export { FullError } from './pending-list.ts';
export { ClosedError } from './request-sender.ts';
export { IdReusedError, type Outcome, UnknownRequestError } from './requests.ts';
