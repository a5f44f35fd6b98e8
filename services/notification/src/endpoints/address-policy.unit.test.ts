import { describe, expect, test } from 'vitest';
import { createAddressPolicy, parseRanges } from './address-policy.ts';
import { urlError } from './url-policy.ts';

const policyFor = (...ranges: string[]) => {
  const list = parseRanges(ranges);
  if (!list) throw new Error('one of the ranges is invalid');
  return createAddressPolicy(list);
};
const isAllowedAddress = policyFor();

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
  '::ffff:8.8.8.8',
  '::ffff:a9fe:a9fe',
  '64:ff9b::7f00:1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
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
