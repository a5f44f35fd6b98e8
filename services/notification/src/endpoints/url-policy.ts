import { type AddressRule, literalAddress } from './address-policy.ts';

export interface UrlPolicy {
  readonly allowHttp: boolean;
  readonly reachable: AddressRule;
}

/**
 * What is wrong with the URL of a webhook; undefined when it may be tried. A name is only looked up when it is connected to.
 * The URL parser writes each notation of an address (0x7f.1, 2130706433) in the usual way.
 */
export function urlFault(text: string, { allowHttp, reachable }: UrlPolicy): string | undefined {
  if (!URL.canParse(text)) return 'is no URL';
  const url = new URL(text);
  const schemes = allowHttp ? ['https:', 'http:'] : ['https:'];
  if (!schemes.includes(url.protocol)) return `must start with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`;
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or a password';
  if (url.hash !== '') return 'must not have a fragment';
  const address = literalAddress(url.hostname);
  if (address !== undefined && !reachable(address)) return `leads to ${address}, which is not allowed`;
  return undefined;
}
