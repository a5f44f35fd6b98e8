export { createPagedLog, type PagedLog, type Placed, type Slice } from './log.ts';
export type { Entry } from './pages.ts';
