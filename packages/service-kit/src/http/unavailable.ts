/**
 * A dependency of the service, such as its sidecar, does not work now. An application answers it with 503 and Retry-After.
 * Packages above this one extend it, so that the HTTP layer imports none of them.
 */
export class UnavailableError extends Error {
  override readonly name: string = 'UnavailableError';
}
