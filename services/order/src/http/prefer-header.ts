/** The preferences of a client (RFC 7240) that this service supports. */
export interface Preferences {
  readonly respondAsync: boolean;
  /** Seconds that the client prefers to wait for the decision, at most 60; undefined: no such preference. */
  readonly wait: number | undefined;
}

/** Maximum wait, in seconds. */
export const MAX_WAIT_SECONDS = 60;

/** A longer header is ignored, as RFC 7240 requires for any malformed header. */
const MAX_LENGTH = 1_000;

/** The text between two commas that are not in quotes. */
const ELEMENT = /(?:[^,"]|"(?:[^"\\]|\\.)*(?:"|$))+/g;

/** A name, and its value as a token or in quotes. Parameters are ignored: the supported preferences have none. */
const PREFERENCE =
  /^([\w!#$%&'*+.^`|~-]+)[ \t]*(?:=[ \t]*(?:([\w!#$%&'*+.^`|~-]+)|"((?:[^"\\]|\\.)*)")?)?[ \t]*(?:;.*)?$/;

/**
 * Parses the header Prefer; several headers are joined by commas. Pure, and never throws. Unknown and malformed preferences
 * are ignored. The first one counts of a preference that occurs twice.
 */
export function parsePrefer(header: string | undefined): Preferences {
  const values = new Map<string, string>();
  if (header !== undefined && header.length <= MAX_LENGTH) {
    for (const [element] of header.matchAll(ELEMENT)) {
      const [, name, token, quoted] = PREFERENCE.exec(element.trim()) ?? [];
      const key = name?.toLowerCase();
      if (key !== undefined && !values.has(key)) values.set(key, token ?? quoted ?? '');
    }
  }
  return { respondAsync: values.get('respond-async') === '', wait: seconds(values.get('wait')) };
}

function seconds(value: string | undefined): number | undefined {
  return value !== undefined && /^\d+$/.test(value) ? Math.min(Number(value), MAX_WAIT_SECONDS) : undefined;
}
