export { type AppOptions, createApp, type Readiness, type ServiceAppOptions } from './app.ts';
export { MAX_BODY_BYTES, parseBody, readJsonBody } from './body.ts';
export { compareRoutes, compareTopics } from './compare-api.ts';
export { formatEtag, idempotencyKeyOf, ifMatch, isUnchanged, pathParam, requireIfMatch } from './headers.ts';
export { createPlaces, type Exhausted } from './places.ts';
export { faultsOf, type ProblemDetails, ProblemError, problemResponse } from './problem.ts';
export { UnavailableError } from './unavailable.ts';
