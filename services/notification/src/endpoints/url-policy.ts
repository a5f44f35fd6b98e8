import { type AddressPolicy, ipLiteral } from './address-policy.ts';

/** Rules for the URL of an endpoint. */
export interface UrlPolicy {
  readonly allowHttp: boolean;
  readonly isAllowedAddress: AddressPolicy;
}

/**
 * Validates the URL of an endpoint. Returns the error, or undefined if the URL is valid. Host names are resolved only when an
 * attempt connects. The URL parser normalizes each notation of an IPv4 address (0x7f.1, 2130706433).
 */
export function urlError(text: string, { allowHttp, isAllowedAddress }: UrlPolicy): string | undefined {
  if (!URL.canParse(text)) return 'must be a valid URL';
  const url = new URL(text);
  const schemes = allowHttp ? ['https:', 'http:'] : ['https:'];
  if (!schemes.includes(url.protocol)) return `must start with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`;
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or password';
  if (url.hash !== '') return 'must not have a fragment';
  const address = ipLiteral(url.hostname);
  if (address !== undefined && !isAllowedAddress(address)) return `must not point to ${address}`;
  return undefined;
}
