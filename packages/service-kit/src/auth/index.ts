export { type Authenticate, createAuthenticate, forbidden } from './authenticate.ts';
export { type Caller, callerOf, mayActFor, UNAUTHENTICATED_ADMIN } from './caller.ts';
export { guard } from './guard.ts';
