import { hash } from 'node:crypto';
import type { Clock, Random } from '@standing-order/outbox';

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

function format(digits: string, version: '7' | '8'): string {
  const variant = hex((Number.parseInt(digits.charAt(16), 16) & 0b0011) | 0b1000, 1);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${version}${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}

/** UUID version 7 (RFC 9562): sorts by time of creation, to the millisecond. */
export function uuidv7(clock: Pick<Clock, 'wall'>, random: Random): string {
  const bits = (count: number): number => Math.floor(random() * 2 ** count);
  return format(hex(clock.wall(), 12) + hex(bits(40), 10) + hex(bits(40), 10), '7');
}

/**
 * UUID version 8 from the SHA-256 of the parts: equal parts, equal id. Each part goes in with its length, so ("a", "b") is
 * not ("ab", "").
 */
export function deterministicUuid(...parts: readonly string[]): string {
  return format(hash('sha256', parts.map((part) => `${part.length}:${part}`).join(''), 'hex').slice(0, 32), '8');
}
