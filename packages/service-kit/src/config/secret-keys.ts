import { z } from 'zod';

/** Secret keys in base64, of `length` bytes each, separated by commas. */
export const secretKeys = (length: number) =>
  z.string().transform((text, issues) => {
    const list = text.split(',').flatMap((key) => key.trim() || []);
    const bytes = list.map((key) => Buffer.from(key, 'base64'));
    // Decoding skips invalid characters, so the result is compared with the input.
    if (bytes.every((key, index) => key.length === length && key.toString('base64') === list[index])) return bytes;
    issues.addIssue(`must be keys of ${length} bytes in base64, separated by commas`);
    return z.NEVER;
  });
