import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

const PEM = /-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gs;

/** Reads the certificates of a PEM file. Undefined if it cannot be read, contains none, or an invalid one. */
export function readCertificates(file: string): string[] | undefined {
  try {
    const found = readFileSync(file, 'utf8').match(PEM) ?? [];
    for (const certificate of found) new X509Certificate(certificate);
    return found.length > 0 ? [...found] : undefined;
  } catch {
    return undefined;
  }
}

/** Trusts these certificate authorities besides those of Node and of NODE_EXTRA_CA_CERTS. Undefined without any. */
export function trustAlso(certificates: readonly string[]): SecureContext | undefined {
  if (certificates.length === 0) return undefined;
  return createSecureContext({ ca: [...getCACertificates('default'), ...certificates] });
}
