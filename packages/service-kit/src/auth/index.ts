export { type Authenticate, createAuthenticate, forbidden } from './authenticate.ts';
export { type Caller, callerOf, identifiedCaller, mayActFor, UNAUTHENTICATED_ADMIN } from './caller.ts';
export { guard } from './guard.ts';
