export { type AppOptions, createApp, type Readiness, type ServiceAppOptions } from './app.ts';
export { jsonBody, MAX_BODY_BYTES, parsedBody } from './body.ts';
export { etagHeader, idempotencyKeyOf, ifMatch, isUnchanged, pathParam } from './headers.ts';
export { faultsOf, type ProblemDetails, ProblemError, problemResponse } from './problem.ts';
export { routesBeside, topicsBeside } from './routes.ts';
export { UnavailableError } from './unavailable.ts';
