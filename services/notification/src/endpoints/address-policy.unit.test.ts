import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AddressRanges, createAddressPolicy, parseRanges } from './address-policy.ts';
import { type Nat64Prefix, parseNat64Prefix } from './embedded-ipv4.ts';
import { urlError } from './url-policy.ts';

const policyFor = (...ranges: string[]) => {
  const list = parseRanges(ranges);
  if (!list) throw new Error('one of the ranges is invalid');
  return createAddressPolicy(list);
};
const isAllowedAddress = policyFor();
const nat64 = (text: string): Nat64Prefix => {
  const prefix = parseNat64Prefix(text);
  if (!prefix) throw new Error(`${text} is not a prefix of 96 bits`);
  return prefix;
};

test.each([
  '1.1.1.1',
  '93.184.216.34',
  '172.15.255.255',
  '172.32.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '223.255.255.255',
  '2606:4700::1111',
  '2a00:1450:4001::1',
  '::ffff:8.8.8.8',
  '64:ff9b::808:808',
  '64:ff9b::8.8.8.8',
  '64:ff9b:1::808:808',
])('%s is allowed', (address) => expect(isAllowedAddress(address)).toBe(true));

test.each([
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '100.100.100.200',
  '127.0.0.1',
  '127.255.255.254',
  '168.63.129.16',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.192',
  '192.168.1.1',
  '198.18.0.1',
  '203.0.113.9',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::8.8.8.8',
  '::ffff:a9fe:a9fe',
  '::ffff:0:808:808',
  '64:ff9b::7f00:1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::a9fe:a9fe',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '2002:808:808::',
  '2606:4700::5efe:10.0.0.1',
  '2606:4700::200:5efe:a00:1',
  '3fff::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%eth0',
  '2606:4700::1111%eth0',
  'fec0::1',
  'ff02::1',
  'localhost',
  '127.1',
  '0x7f.0.0.1',
  '2130706433',
  '',
])('%s is denied', (address) => expect(isAllowedAddress(address)).toBe(false));

test('additional ranges are allowed, and no address outside them', () => {
  const policy = policyFor('127.0.0.0/8', '10.1.0.0/16', 'fd00::/8');
  for (const address of ['127.0.0.1', '10.1.255.255', 'fd12::1', '1.1.1.1']) expect(policy(address)).toBe(true);
  for (const address of ['10.2.0.0', '169.254.169.254', '::1', 'fe80::1']) expect(policy(address)).toBe(false);
});

describe('an IPv4 address inside an IPv6 address is judged by the rules of IPv4', () => {
  const hex = (ipv4: string) =>
    Buffer.from(ipv4.split('.').map(Number))
      .toString('hex')
      .replace(/^(....)(....)$/, '$1:$2');
  const policies = [
    isAllowedAddress,
    policyFor('10.0.0.0/8', '::/0'),
    policyFor('64:ff9b::/32', '::ffff:0:0/96'),
    createAddressPolicy(parseRanges(['169.254.0.0/16']) as AddressRanges, [nat64('2001:db8:64::/96')]),
  ];
  // Each range that the policy treats differently, and its neighbours, besides addresses from anywhere.
  const interesting = fc.constantFrom(
    ...['0.0.0.0', '0.0.0.1', '10.0.0.1', '127.0.0.1', '168.63.129.16', '169.254.169.254', '192.0.0.1', '224.0.0.1'],
    ...['8.8.8.8', '1.0.0.0', '9.255.255.255', '128.0.0.0', '168.63.129.17', '223.255.255.255'],
  );

  test('every IPv4 address is treated as its NAT64 and its IPv4-mapped form', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), interesting), fc.constantFrom(...policies), (ipv4, policy) => {
        const forms = [
          ...['64:ff9b::', '64:ff9b:1::', '::ffff:'].flatMap((prefix) => [prefix + ipv4, prefix + hex(ipv4)]),
          ...(policy === policies[3] ? [`2001:db8:64::${ipv4}`] : []),
        ];
        for (const form of forms) expect([form, policy(form)]).toEqual([form, policy(ipv4)]);
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ['64:ff9b::/96', '64:ff9b::a9fe:a9fe', false],
    ['64:ff9b::/96', '64:ff9b::808:808', true],
    ['64:ff9b::a9fe:a9fe/128', '64:ff9b::a9fe:a9fe', false],
    ['169.254.0.0/16', '64:ff9b::a9fe:a9fe', true],
    ['::ffff:0:0/96', '::ffff:10.0.0.1', false],
    ['::ffff:0:0/96', '10.0.0.1', false],
    ['::/0', '10.0.0.1', false],
    ['::/0', '64:ff9b::a00:1', false],
    ['::/0', '::1', true],
    ['::/0', '::127.0.0.1', false],
    ['::/0', '::ffff:0:7f00:1', false],
    // NAT64 with a prefix of 48, 56 or 64 bits below the prefix for local use: the suffix does not hide the address.
    ['64:ff9b:1::/48', '64:ff9b:1:a9fe:a9:fe00:808:808', false],
    ['64:ff9b:1::/48', '64:ff9b:1:a9:fe:a9fe:808:808', false],
    ['64:ff9b:1::/48', '64:ff9b:1:0:a9:fea9:fe00:808', false],
    ['64:ff9b:1::/48', '64:ff9b:1:808:8:800::', true],
    // 6to4, Teredo (client and server) and ISATAP are tunnels: also public addresses need an allowed range.
    ['2002::/16', '2002:a9fe:a9fe::1', false],
    ['2002::/16', '2002:808:808::1', true],
    ['2001::/32', '2001:0:808:808:0:0:5601:5601', false],
    ['2001::/32', '2001:0:a9fe:a9fe:0:0:f7f7:f7f7', false],
    ['2001::/32', '2001:0:808:808:0:0:f7f7:f7f7', true],
    ['fd00::/8', 'fd00::5efe:10.0.0.1', false],
    ['fd00::/8', 'fd00::5efe:8.8.8.8', true],
  ])('with %s allowed, %s is allowed: %s', (range, address, isAllowed) => {
    expect(policyFor(range)(address)).toBe(isAllowed);
  });

  test('a NAT64 prefix of the network is judged like 64:ff9b::/96 once it is configured', () => {
    const policy = createAddressPolicy(parseRanges([]) as AddressRanges, [nat64('2606:4700:64::/96')]);
    expect(['2606:4700:64::808:808', '2606:4700:64::a9fe:a9fe'].map(policy)).toEqual([true, false]);
    const inside = createAddressPolicy(parseRanges([]) as AddressRanges, [nat64('64:ff9b:1:a00::/96')]);
    expect(['64:ff9b:1:a00::808:808', '64:ff9b:1:a00::a9fe:a9fe'].map(inside)).toEqual([true, false]);
    // Without the setting, the prefix may be one of 48 bits with 10.0.0.0 behind it.
    expect(isAllowedAddress('64:ff9b:1:a00::808:808')).toBe(false);
  });

  test.each(['64:ff9b::', '64:ff9b::/64', '64:ff9b::1/96', '10.0.0.0/96', '/96', ''])('"%s" is no prefix', (text) =>
    expect(parseNat64Prefix(text)).toBeUndefined(),
  );
});

test.each(['10.0.0.0', '10.0.0.0/33', '::/129', '10.0.0/8', 'localhost/8', '1.2.3.4/', '/8', '10.0.0.0/8/8', '-'])(
  '"%s" is an invalid range',
  (range) => expect(parseRanges([range])).toBeUndefined(),
);

describe('the URL of an endpoint', () => {
  const errorOf = (url: string, allowHttp = false) => urlError(url, { allowHttp, isAllowedAddress });

  test.each([
    'https://example.com/hook',
    'https://example.com:8443/?a=b',
    'https://1.1.1.1/',
    'https://localhost.example/',
  ])('%s is valid', (url) => expect(errorOf(url)).toBeUndefined());

  test.each([
    ['nonsense', 'must be a valid URL'],
    ['', 'must be a valid URL'],
    ['https://', 'must be a valid URL'],
    ['http://example.com/', 'must start with https://'],
    ['ftp://example.com/', 'must start with https://'],
    ['file:///etc/passwd', 'must start with https://'],
    ['https://user:secret@example.com/', 'must not contain a user name or password'],
    ['https://example.com/#here', 'must not have a fragment'],
  ])('%s %s', (url, error) => expect(errorOf(url)).toBe(error));

  test.each([
    'https://127.0.0.1/',
    'https://127.1/',
    'https://0x7f.1/',
    'https://2130706433/',
    'https://017700000001/',
    'https://127.0.0.1./',
    'https://１２７.0.0.1/',
    'https://169.254.169.254/latest/meta-data',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[0:0:0:0:0:ffff:7f00:1]/',
    'https://[fe80::1]/',
    'https://0/',
  ])('%s points to a denied address', (url) => expect(errorOf(url)).toMatch(/^must not point to [0-9a-f.:]+$/));

  test('http is valid only if it is allowed', () => {
    expect(errorOf('http://example.com/', true)).toBeUndefined();
    expect(errorOf('ftp://example.com/', true)).toBe('must start with https:// or http://');
  });
});
