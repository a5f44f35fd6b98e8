/** k6 has no URL class. */
const HTTP_URL = /^https?:\/\/(\[[0-9a-fA-F:.]+\]|[^/:?#@[\]]+)(?::\d{1,5})?$/;

const isLoopback = (host: string): boolean =>
  /^127(\.\d{1,3}){3}$/.test(host) || host === '[::1]' || /^(.+\.)?localhost$/.test(host);

/** Names that are reserved for tests (RFC 6761). */
const isTestName = (host: string): boolean => /\.test$/.test(host);

/**
 * The fault of a URL as the target of load, or undefined. Accepted are this machine, names below .test, and hosts that the
 * user has listed.
 */
export function targetFault(url: string, allowedHosts: readonly string[]): string | undefined {
  const host = HTTP_URL.exec(url)?.[1]?.toLowerCase();
  if (host === undefined) return `"${url}" is not http://HOST or http://HOST:PORT`;
  if (isLoopback(host) || isTestName(host) || allowedHosts.includes(host)) return undefined;
  return `${host} is neither this machine nor a test host; to load it, add it to ALLOW_HOST (--allow-host)`;
}
