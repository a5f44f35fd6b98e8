export { type AnnouncerOptions, createAnnouncer } from './announce.ts';
export { changesSince } from './feed.ts';
export { createLanes, type Lanes } from './lanes.ts';
export type { Change } from './log.ts';
export { repairLanes } from './repair.ts';
export { type ChangeSource, changesRoute } from './route.ts';
