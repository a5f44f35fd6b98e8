import { BlockList, isIP } from 'node:net';
import { embeddedIpv4, type Nat64Prefix } from './embedded-ipv4.ts';

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

/** Global unicast. It excludes loopback, link-local, private and multicast addresses. */
const GLOBAL_IPV6 = ['2000::/3'];
/** Ranges of global unicast for documentation, for protocols, and for the tunnels Teredo and 6to4, which no public receiver uses. */
const DENIED_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const CIDR = /^([0-9A-Fa-f:.]+)\/(\d{1,3})$/;

/** Address ranges, one list per family: a list of both would find 10.0.0.1 in ::/0 and in ::ffff:0:0/96. */
export interface AddressRanges {
  readonly ipv4: BlockList;
  readonly ipv6: BlockList;
}

/**
 * Parses ranges (`127.0.0.0/8`, `fd00::/8`). Undefined if one of them is invalid. Node's `BlockList` matches them, and not ipaddr.js:
 * ipaddr.js 2.5 parses ::127.0.0.1 as ::ffff:127.0.0.1, and so finds it in 127.0.0.0/8.
 */
export function parseRanges(ranges: readonly string[]): AddressRanges | undefined {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const range of ranges) {
    const [, address = '', bits = ''] = CIDR.exec(range) ?? [];
    const family = isIP(address);
    if (family === 0 || Number(bits) > (family === 4 ? 32 : 128)) return undefined;
    const type = family === 4 ? 'ipv4' : 'ipv6';
    lists[type].addSubnet(address, Number(bits), type);
  }
  return lists;
}

function constantRanges(ranges: readonly string[]): AddressRanges {
  const lists = parseRanges(ranges);
  if (!lists) throw new Error(`one of these ranges is invalid: ${ranges.join(', ')}`);
  return lists;
}

const denied = constantRanges([...DENIED_IPV4, ...DENIED_IPV6]);
const globalIpv6 = constantRanges(GLOBAL_IPV6).ipv6;

/**
 * Allows every globally reachable address, and the `allowed` ranges. The rules of IPv4 also apply to an IPv4 address inside an IPv6
 * address: an allowed IPv6 range never makes a denied IPv4 address reachable.
 *
 * @param nat64Prefixes prefixes of the network besides 64:ff9b::/96 and 64:ff9b:1::/48
 */
export function createAddressPolicy(allowed: AddressRanges, nat64Prefixes: readonly Nat64Prefix[] = []): AddressPolicy {
  const isAllowedIpv4 = (address: string): boolean =>
    allowed.ipv4.check(address, 'ipv4') || !denied.ipv4.check(address, 'ipv4');
  const isAllowedIpv6 = (address: string): boolean =>
    allowed.ipv6.check(address, 'ipv6') || (globalIpv6.check(address, 'ipv6') && !denied.ipv6.check(address, 'ipv6'));
  return (address) => {
    switch (isIP(address)) {
      case 4:
        return isAllowedIpv4(address);
      case 6: {
        // An address with a zone (fe80::1%eth0) is link-local, and BlockList does not support zones.
        if (address.includes('%')) return false;
        const embedded = embeddedIpv4(address, nat64Prefixes);
        if (!embedded) return isAllowedIpv6(address);
        return embedded.addresses.every(isAllowedIpv4) && (embedded.isTranslated || isAllowedIpv6(address));
      }
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
