export { check, formatVerdict } from './check.ts';
export { readLog } from './log.ts';
export { readOrders } from './store.ts';
export { isClean } from './verdict.ts';
