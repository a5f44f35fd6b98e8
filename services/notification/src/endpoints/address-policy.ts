import { BlockList, isIP } from 'node:net';

/** Decides whether an attempt may connect to an IP address. Any other text is not allowed. */
export type AddressPolicy = (address: string) => boolean;

/**
 * Addresses that no endpoint may point to: addresses that are not globally reachable (IANA special-purpose registries, RFC 6890), and
 * the metadata services of clouds, most of which are in these ranges anyway.
 */
const DENIED_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  // Metadata and DNS service of Azure, in the middle of public addresses.
  '168.63.129.16/32',
];

/** Global unicast. It excludes loopback, link-local, private, multicast, IPv4-mapped and NAT64 addresses. */
const GLOBAL_IPV6 = ['2000::/3'];
/** Ranges of global unicast for documentation, or that lead to an unchecked IPv4 address (Teredo, 6to4). */
const DENIED_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const CIDR = /^([0-9A-Fa-f:.]+)\/(\d{1,3})$/;

/**
 * Parses ranges (`127.0.0.0/8`, `fd00::/8`). Undefined if one of them is invalid. Node's `BlockList` matches them, and not ipaddr.js:
 * ipaddr.js 2.5 parses ::127.0.0.1 as ::ffff:127.0.0.1, and so finds it in 127.0.0.0/8.
 */
export function parseRanges(ranges: readonly string[]): BlockList | undefined {
  const list = new BlockList();
  for (const range of ranges) {
    const [, address = '', bits = ''] = CIDR.exec(range) ?? [];
    const family = isIP(address);
    if (family === 0 || Number(bits) > (family === 4 ? 32 : 128)) return undefined;
    list.addSubnet(address, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

function constantRanges(ranges: readonly string[]): BlockList {
  const list = parseRanges(ranges);
  if (!list) throw new Error(`one of these ranges is invalid: ${ranges.join(', ')}`);
  return list;
}

const deniedIpv4 = constantRanges(DENIED_IPV4);
const globalIpv6 = constantRanges(GLOBAL_IPV6);
const deniedIpv6 = constantRanges(DENIED_IPV6);

/** Allows every globally reachable address, and the `allowed` ranges. */
export function createAddressPolicy(allowed: BlockList): AddressPolicy {
  return (address) => {
    switch (isIP(address)) {
      case 4:
        return allowed.check(address, 'ipv4') || !deniedIpv4.check(address, 'ipv4');
      case 6:
        // An address with a zone (fe80::1%eth0) is link-local, and BlockList does not support zones.
        if (address.includes('%')) return false;
        return (
          allowed.check(address, 'ipv6') || (globalIpv6.check(address, 'ipv6') && !deniedIpv6.check(address, 'ipv6'))
        );
      default:
        return false;
    }
  };
}

/** The IP address in the host of a URL. Undefined if the host is a name. */
export function ipLiteral(hostname: string): string | undefined {
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(address) === 0 ? undefined : address;
}
