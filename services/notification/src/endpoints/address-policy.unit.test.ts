import { describe, expect, test } from 'vitest';
import { addressRule, rangesOf } from './address-policy.ts';
import { urlFault } from './url-policy.ts';

const ruleFor = (...ranges: string[]) => {
  const list = rangesOf(ranges);
  if (!list) throw new Error('not all of these are ranges');
  return addressRule(list);
};
const reachable = ruleFor();

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
])('%s is public', (address) => expect(reachable(address)).toBe(true));

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
])('%s is not', (address) => expect(reachable(address)).toBe(false));

test('what is allowed besides is a matter of ranges, and of nothing next to them', () => {
  const rule = ruleFor('127.0.0.0/8', '10.1.0.0/16', 'fd00::/8');
  for (const address of ['127.0.0.1', '10.1.255.255', 'fd12::1', '1.1.1.1']) expect(rule(address)).toBe(true);
  for (const address of ['10.2.0.0', '169.254.169.254', '::1', 'fe80::1']) expect(rule(address)).toBe(false);
});

test.each(['10.0.0.0', '10.0.0.0/33', '::/129', '10.0.0/8', 'localhost/8', '1.2.3.4/', '/8', '10.0.0.0/8/8', '-'])(
  '"%s" is no range',
  (range) => expect(rangesOf([range])).toBeUndefined(),
);

describe('the URL of a webhook', () => {
  const fault = (url: string, allowHttp = false) => urlFault(url, { allowHttp, reachable });

  test.each([
    'https://example.com/hook',
    'https://example.com:8443/?a=b',
    'https://1.1.1.1/',
    'https://localhost.example/',
  ])('%s may be tried', (url) => expect(fault(url)).toBeUndefined());

  test.each([
    ['nonsense', 'is no URL'],
    ['', 'is no URL'],
    ['https://', 'is no URL'],
    ['http://example.com/', 'must start with https://'],
    ['ftp://example.com/', 'must start with https://'],
    ['file:///etc/passwd', 'must start with https://'],
    ['https://user:secret@example.com/', 'must not hold a user name or a password'],
    ['https://example.com/#here', 'must not have a fragment'],
  ])('%s %s', (url, why) => expect(fault(url)).toBe(why));

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
  ])('%s leads where it must not', (url) => expect(fault(url)).toMatch(/^leads to .*, which is not allowed$/));

  test('http is for those who allow it', () => {
    expect(fault('http://example.com/', true)).toBeUndefined();
    expect(fault('ftp://example.com/', true)).toBe('must start with https:// or http://');
  });
});
