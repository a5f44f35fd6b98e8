import { BlockList, isIP } from 'node:net';

/** Whether a connection to an address is allowed. Takes an IP address as text; anything else is not. */
export type AddressRule = (address: string) => boolean;

/**
 * Where no webhook may lead: what is not globally reachable (IANA special-purpose registries, RFC 6890), and the metadata
 * services of clouds, most of which are in such ranges anyway.
 */
const NOWHERE_V4 = [
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
  // Azure's metadata and DNS, in the middle of public addresses.
  '168.63.129.16/32',
];

/** Global unicast. Loopback, link-local, private, multicast, IPv4-mapped and NAT64 addresses are all outside of it. */
const GLOBAL_V6 = ['2000::/3'];
/** Inside of it, but documentation, or a way to an IPv4 address that nobody has checked (Teredo, 6to4). */
const NOWHERE_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const CIDR = /^([0-9A-Fa-f:.]+)\/(\d{1,3})$/;

/** A list of ranges (`127.0.0.0/8`); undefined when one of them is none. */
export function rangesOf(ranges: readonly string[]): BlockList | undefined {
  const list = new BlockList();
  for (const range of ranges) {
    const [, address = '', bits = ''] = CIDR.exec(range) ?? [];
    const family = isIP(address);
    if (family === 0 || Number(bits) > (family === 4 ? 32 : 128)) return undefined;
    list.addSubnet(address, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

function known(ranges: readonly string[]): BlockList {
  const list = rangesOf(ranges);
  if (!list) throw new Error(`not all of these are ranges: ${ranges.join(', ')}`);
  return list;
}

const nowhereV4 = known(NOWHERE_V4);
const globalV6 = known(GLOBAL_V6);
const nowhereV6 = known(NOWHERE_V6);

/** The rule: everything that is globally reachable, and what is in `allowed` besides. */
export function addressRule(allowed: BlockList): AddressRule {
  return (address) => {
    switch (isIP(address)) {
      case 4:
        return allowed.check(address, 'ipv4') || !nowhereV4.check(address, 'ipv4');
      case 6:
        // With a zone (fe80::1%eth0) it is link-local, and no list knows it.
        if (address.includes('%')) return false;
        return allowed.check(address, 'ipv6') || (globalV6.check(address, 'ipv6') && !nowhereV6.check(address, 'ipv6'));
      default:
        return false;
    }
  };
}

/** The IP address that a URL's host is, or undefined when it is a name. */
export function literalAddress(hostname: string): string | undefined {
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(address) === 0 ? undefined : address;
}
