export { type AppOptions, createApp, type Readiness } from './app.ts';
export { jsonBody, MAX_BODY_BYTES, parsedBody } from './body.ts';
export { answerClientError } from './client-error.ts';
export { etagHeader, idempotencyKeyOf, ifMatch, pathParam } from './headers.ts';
export { faultsOf, type ProblemDetails, ProblemError, problemResponse } from './problem.ts';
