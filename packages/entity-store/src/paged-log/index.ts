export { dropPages } from './drop.ts';
export { createPagedLog, type LogSlice, type PagedLog, type PositionedEntry, type ReadRange } from './log.ts';
export { type LogEntry, PAGE_SIZE, pageOf } from './pages.ts';
