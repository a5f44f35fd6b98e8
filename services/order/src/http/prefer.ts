/** What a client would like (RFC 7240), as far as this service knows it. */
export interface Preferences {
  readonly respondAsync: boolean;
  /** Seconds that it is ready to wait for the outcome, capped; undefined: it did not say. */
  readonly wait: number | undefined;
}

/** The longest wait that is granted, in seconds. */
export const MAX_WAIT_SECONDS = 60;

/** A longer header is none that anybody writes; as with everything that cannot be read, the RFC has it ignored. */
const MAX_LENGTH = 1_000;

/** What stands between commas that are not in quotes. */
const ELEMENT = /(?:[^,"]|"(?:[^"\\]|\\.)*(?:"|$))+/g;

/** name, and its value as a token or in quotes; parameters follow and mean nothing to the preferences known here. */
const PREFERENCE =
  /^([\w!#$%&'*+.^`|~-]+)[ \t]*(?:=[ \t]*(?:([\w!#$%&'*+.^`|~-]+)|"((?:[^"\\]|\\.)*)")?)?[ \t]*(?:;.*)?$/;

/**
 * Reads the header Prefer; several of them come joined by commas. Pure, and never fails: what is unknown or malformed is
 * ignored, and of a preference that is there twice the first one counts.
 */
export function parsePrefer(header: string | undefined): Preferences {
  const said = new Map<string, string>();
  if (header !== undefined && header.length <= MAX_LENGTH) {
    for (const [element] of header.matchAll(ELEMENT)) {
      const [, name, token, quoted] = PREFERENCE.exec(element.trim()) ?? [];
      const key = name?.toLowerCase();
      if (key !== undefined && !said.has(key)) said.set(key, token ?? quoted ?? '');
    }
  }
  return { respondAsync: said.get('respond-async') === '', wait: seconds(said.get('wait')) };
}

function seconds(value: string | undefined): number | undefined {
  return value !== undefined && /^\d+$/.test(value) ? Math.min(Number(value), MAX_WAIT_SECONDS) : undefined;
}
