import { isIPv6 } from 'node:net';

/** The IPv4 addresses inside an IPv6 address, and whether the IPv6 address is only another notation of them. */
export interface EmbeddedIpv4 {
  /** Every IPv4 address that a packet to the IPv6 address may reach. */
  readonly addresses: readonly string[];
  /** True if hosts translate the address to IPv4, so that it is as public as the IPv4 address. False for tunnels. */
  readonly isTranslated: boolean;
}

/** A NAT64 prefix of 96 bits in use by the network, as 12 bytes. */
export type Nat64Prefix = readonly number[];

const PREFIX = /^([0-9A-Fa-f:.]+)\/96$/;
/** The well-known prefix 64:ff9b::/96 (RFC 6052). */
const WELL_KNOWN: Nat64Prefix = bytesOf('64:ff9b::').slice(0, 12);
/** Prefix of 48 bits for NAT64 inside a network (RFC 8215). */
const LOCAL_USE = bytesOf('64:ff9b:1::').slice(0, 6);
/**
 * Offsets of the four bytes of an IPv4 address behind a NAT64 prefix of 48, 56, 64 or 96 bits (RFC 6052). Byte 8 is always zero.
 * A network may use any of these prefixes below 64:ff9b:1::/48, and the address does not tell which.
 */
const LOCAL_USE_OFFSETS = [
  [6, 7, 9, 10],
  [7, 9, 10, 11],
  [9, 10, 11, 12],
  [12, 13, 14, 15],
];

/** Parses a NAT64 prefix such as 2001:db8:64::/96. Undefined if it is not a prefix of 96 bits. */
export function parseNat64Prefix(text: string): Nat64Prefix | undefined {
  const [, address = ''] = PREFIX.exec(text) ?? [];
  if (!isIPv6(address)) return undefined;
  const bytes = bytesOf(address);
  return bytes.slice(12).every((byte) => byte === 0) ? bytes.slice(0, 12) : undefined;
}

/** Finds the IPv4 addresses inside an IPv6 address without a zone. Undefined if there are none. */
export function embeddedIpv4(address: string, prefixes: readonly Nat64Prefix[]): EmbeddedIpv4 | undefined {
  const bytes = bytesOf(address);
  const startsWith = (start: readonly number[]) => start.every((byte, index) => bytes[index] === byte);
  const at = (offsets: readonly number[]) => offsets.map((offset) => bytes[offset]).join('.');
  const last = at([12, 13, 14, 15]);
  const zeros = (count: number) => Array<number>(count).fill(0);

  // IPv4-mapped: the operating system connects to the IPv4 address.
  if ([...prefixes, WELL_KNOWN, [...zeros(10), 0xff, 0xff]].some(startsWith)) {
    return { addresses: [last], isTranslated: true };
  }
  if (startsWith(LOCAL_USE)) {
    // A reading in 0.0.0.0/8 is the zeros of a longer prefix or of the suffix.
    const readings = LOCAL_USE_OFFSETS.map(at).filter((reading) => !reading.startsWith('0.'));
    return { addresses: readings.length > 0 ? readings : [last], isTranslated: true };
  }
  const tunnel = (...addresses: string[]): EmbeddedIpv4 => ({ addresses, isTranslated: false });
  // 6to4 (RFC 3056).
  if (startsWith([0x20, 0x02])) return tunnel(at([2, 3, 4, 5]));
  // Teredo (RFC 4380): the server, and the client with all bits inverted.
  if (startsWith([0x20, 0x01, 0, 0])) {
    const client = bytes.slice(12).map((byte) => 255 - byte);
    return tunnel(at([4, 5, 6, 7]), client.join('.'));
  }
  // IPv4-translated (RFC 2765), and IPv4-compatible (RFC 4291) except :: and ::1.
  if (startsWith([...zeros(8), 0xff, 0xff, 0, 0])) return tunnel(last);
  if (startsWith(zeros(12)) && last !== '0.0.0.0' && last !== '0.0.0.1') return tunnel(last);
  // ISATAP (RFC 5214): the interface identifier, behind any prefix.
  const isIsatap = (bytes[8] === 0 || bytes[8] === 2) && bytes[9] === 0 && bytes[10] === 0x5e && bytes[11] === 0xfe;
  return isIsatap ? tunnel(last) : undefined;
}

/** The 16 bytes of a valid IPv6 address without a zone. */
function bytesOf(address: string): number[] {
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...match: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = match.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [left = [], right = []] = hex.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return groups.flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value % 256];
  });
}
