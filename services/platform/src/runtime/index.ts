export type { Clock, Random } from '@standing-order/outbox';
export { realClock, realRandom } from './clock.ts';
export { runService, type ServiceOptions } from './service.ts';
export { deterministicUuid, uuidv7 } from './uuid.ts';
