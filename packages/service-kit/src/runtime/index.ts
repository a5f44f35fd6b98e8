export { createBatcher } from './batcher.ts';
export { type Clock, type Random, systemClock, systemRandom } from './clock.ts';
export { runService, type ServiceOptions } from './service.ts';
export { createSlots, runInSlot } from './slots.ts';
export { createUtilization, type Utilization } from './utilization.ts';
export { deterministicUuid, uuidv7 } from './uuid.ts';
