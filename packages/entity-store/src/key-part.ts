const ESCAPED = /[^A-Za-z0-9_-]/g;
const ESCAPE = /\.([0-9A-F]{2})/g;

/**
 * An id of printable ASCII as a part of a key: letters, digits, `-` and `_` as they are, each other character as `.` and two hexadecimal
 * digits (`auth0|5f7c` is `auth0.7C5f7c`). Different ids have different parts. A part contains neither `:`, the separator of keys, nor
 * `|`, which Dapr refuses in pairs, nor a character that a URL escapes. At most three times as long as the id.
 */
export const keyPart = (id: string): string =>
  id.replaceAll(ESCAPED, (character) => `.${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);

/** The id of a key's part. */
export const idOfKeyPart = (part: string): string =>
  part.replaceAll(ESCAPE, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
