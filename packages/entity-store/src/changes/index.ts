export { type AnnouncerOptions, createAnnouncer } from './announcer.ts';
export { changesSince } from './changes-since.ts';
export type { Change } from './lane-log.ts';
export { createLanes, type Lanes } from './lanes.ts';
export { repairLanes } from './repair.ts';
export { type ChangeSource, changesRoute } from './route.ts';
