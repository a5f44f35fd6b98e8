import { hash } from 'node:crypto';
import type { Clock, Random } from './clock.ts';

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/**
 * UUID version 7 (RFC 9562): sorts by time of creation, to the millisecond. Every request creates two, so the digits come from
 * numbers of at most 24 bits, which are formatted five times as fast as larger ones.
 */
export function uuidv7(clock: Pick<Clock, 'wall'>, random: Random): string {
  const bits = (count: number): number => Math.floor(random() * 2 ** count);
  const wall = clock.wall();
  const time = hex(Math.floor(wall / 2 ** 24), 6) + hex(wall % 2 ** 24, 6);
  const [a, b] = [`7${hex(bits(12), 3)}`, hex(0x8000 | bits(14), 4)];
  return `${time.slice(0, 8)}-${time.slice(8)}-${a}-${b}-${hex(bits(24), 6)}${hex(bits(24), 6)}`;
}

/**
 * UUID version 8 from the SHA-256 of the parts: equal parts give equal ids. Each part is hashed with its length, so ("a", "b") and
 * ("ab", "") differ.
 */
export function deterministicUuid(...parts: readonly string[]): string {
  const digits = hash('sha256', parts.map((part) => `${part.length}:${part}`).join(''), 'hex');
  const variant = hex((Number.parseInt(digits.charAt(16), 16) & 0b0011) | 0b1000, 1);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}
