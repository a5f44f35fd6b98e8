export { type Authenticate, createAuthenticate, notAllowed } from './authenticate.ts';
export { ANYBODY, type Caller, callerOf, mayActFor } from './caller.ts';
export { guard } from './guard.ts';
