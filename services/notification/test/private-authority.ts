import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** A private key and its certificate, in PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly certificate: string;
}

const DAY_MS = 86_400_000;
const TAGS = { boolean: 1, integer: 2, bits: 3, octets: 4, oid: 6, utf8: 12, time: 23, sequence: 48, set: 49 } as const;
const OIDS = {
  ecdsaWithSha256: '2a8648ce3d040302',
  commonName: '550403',
  subjectAltName: '551d11',
  basicConstraints: '551d13',
} as const;

/** Encodes a value in DER (X.690). */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const lengthBytes = length < 128 ? [length] : [0x82, length >> 8, length % 256];
  return Buffer.concat([Buffer.from([tag, ...lengthBytes]), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(TAGS.sequence, ...parts);
const oid = (name: keyof typeof OIDS): Buffer => der(TAGS.oid, Buffer.from(OIDS[name], 'hex'));
const nameOf = (text: string): Buffer =>
  sequence(der(TAGS.set, sequence(oid('commonName'), der(TAGS.utf8, Buffer.from(text)))));
const time = (at: number): Buffer =>
  der(TAGS.time, Buffer.from(new Date(at).toISOString().replace(/^..|[-:T]|\.\d+/g, '')));
const TRUE = der(TAGS.boolean, Buffer.from([0xff]));
const ALGORITHM = sequence(oid('ecdsaWithSha256'));
const pem = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64').replace(/(.{64})/g, '$1\n')}\n-----END ${label}-----\n`;

/** An X.509 certificate that is valid for a day (RFC 5280). */
function certify(
  subject: string,
  { publicKey, signer, extension }: { publicKey: KeyObject; signer: KeyObject; extension: Buffer },
): string {
  const body = sequence(
    der(0xa0, der(TAGS.integer, Buffer.from([2]))),
    der(TAGS.integer, Buffer.from([1]), randomBytes(8)),
    ALGORITHM,
    nameOf('Private authority'),
    sequence(time(Date.now() - DAY_MS), time(Date.now() + DAY_MS)),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(extension)),
  );
  const signature = sign('sha256', body, signer);
  return pem('CERTIFICATE', sequence(body, ALGORITHM, der(TAGS.bits, Buffer.from([0]), signature)));
}

/** A new certificate authority, and a key with a certificate from it for a host. */
export function createPrivateAuthority(host: string): { authority: string; receiver: KeyAndCertificate } {
  const ca = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const isAuthority = sequence(oid('basicConstraints'), TRUE, der(TAGS.octets, sequence(TRUE)));
  // 0x82: a DNS name.
  const isForHost = sequence(oid('subjectAltName'), der(TAGS.octets, sequence(der(0x82, Buffer.from(host)))));
  const signer = ca.privateKey;
  return {
    authority: certify('Private authority', { publicKey: ca.publicKey, signer, extension: isAuthority }),
    receiver: {
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      certificate: certify('receiver', { publicKey, signer, extension: isForHost }),
    },
  };
}
