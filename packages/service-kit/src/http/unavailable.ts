/**
 * A dependency of the service, such as its sidecar, is unavailable. An application answers 503 with Retry-After. Packages above
 * this one extend the class, so that the HTTP layer imports none of them.
 */
export class UnavailableError extends Error {
  override readonly name: string = 'UnavailableError';
}
