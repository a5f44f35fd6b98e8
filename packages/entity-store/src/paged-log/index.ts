export { dropPages } from './drop.ts';
export { createPagedLog, type PagedLog, type Placed, type Slice, type Wanted } from './log.ts';
export { type Entry, PAGE_SIZE, pageOf } from './pages.ts';
