import { z } from 'zod';

const nameLike = () =>
  z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/,
      'must be 1 to 64 letters, digits, - or _, starting with a letter or digit',
    );

/**
 * Id of a consumer: 1 to 255 characters of printable ASCII, as free as the claim `sub` of an issuer (`auth0|5f7c`, `ada@example.com`).
 * Not `.` or `..`: clients remove such a segment from a URL, also when it is percent-encoded. No space at either end, where people
 * and forms lose it.
 */
export const consumerId = z
  .string()
  .regex(
    /^(?!\.{1,2}$)[!-~](?:[ -~]{0,253}[!-~])?$/,
    'must be 1 to 255 printable ASCII characters without a space at either end, and neither . nor ..',
  );

/** Id of a restaurant or a menu item: 1 to 64 characters, chosen by the client that creates it. */
export const entityId = nameLike();

/** Id of an order: a UUID in lower case (version 7, or version 8 when derived from an Idempotency-Key). */
export const orderId = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'must be the id of an order');

/**
 * Name of a client that orders by message; the name of its reply channel contains it. A name that ends in -dead would give the
 * channel of another client's dead letters.
 */
export const clientName = z
  .string()
  .regex(
    /^(?!.*-dead$)[a-z0-9][a-z0-9-]{0,62}$/,
    'must be 1 to 63 lower case letters, digits or -, starting with a letter or digit and not ending in -dead',
  );

/** A client's id of one request. Equal ids are the same request. */
export const correlationId = nameLike();

/** A name for people: 1 to 200 characters. */
export const displayName = z.string().min(1).max(200);
