export { check, formatResult } from './check.ts';
export { isClean } from './judge.ts';
export { readLog } from './log.ts';
export { readOrders } from './store.ts';
