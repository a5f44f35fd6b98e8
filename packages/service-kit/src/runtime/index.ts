export { type Clock, type Random, realClock, realRandom } from './clock.ts';
export { runService, type ServiceOptions } from './service.ts';
export { deterministicUuid, uuidv7 } from './uuid.ts';
