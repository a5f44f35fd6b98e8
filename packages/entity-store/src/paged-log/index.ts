export { dropPages } from './drop.ts';
export { createPagedLog, type LogSlice, type PagedLog, type ReadRange } from './log.ts';
export { type LogEntry, PAGE_SIZE, type PositionedEntry, pageOf } from './pages.ts';
