/** An authority of our own, and what it issues: certificates between operator and data plane. */

import { generateKeyPair, randomBytes, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import forge from 'node-forge';
import { EXTPROC_NAME, OPERATOR_NAME } from '../../proto/roles.ts';

/** PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export type Role = 'operator' | 'extproc';

const DAY = 86_400_000;
const AUTHORITY_LIFE = 3650 * DAY;
const LEAF_LIFE = 90 * DAY;
/** For clocks that are behind. */
const BACKDATED = 3_600_000;
const AUTHORITY_BITS = 3072;
const LEAF_BITS = 2048;

const generate = promisify(generateKeyPair);

/** A new authority (RFC 5280 §4.2.1.9: it issues no other ones). @param now milliseconds since 1970 */
export async function issueAuthority(now: number): Promise<KeyPair> {
  const keys = await newKeys(AUTHORITY_BITS);
  const name = `waxseal ${randomBytes(8).toString('hex')}`;
  const certificate = describe(name, name, keys.publicKey, now, AUTHORITY_LIFE);
  certificate.setExtensions([
    { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
    { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
    { name: 'subjectKeyIdentifier' },
  ]);
  certificate.sign(keys.privateKey, forge.md.sha256.create());
  return { certificate: forge.pki.certificateToPem(certificate), key: keys.pem };
}

/** A certificate for one end, with its role as only subject alternative name. @param now milliseconds since 1970 */
export async function issueLeaf(authority: KeyPair, role: Role, now: number): Promise<KeyPair> {
  const issuer = forge.pki.certificateFromPem(authority.certificate);
  const keys = await newKeys(LEAF_BITS);
  const name = role === 'operator' ? OPERATOR_NAME : EXTPROC_NAME;
  const certificate = describe(name, commonName(issuer), keys.publicKey, now, LEAF_LIFE);
  certificate.setExtensions([
    { name: 'basicConstraints', critical: true, cA: false },
    { name: 'keyUsage', critical: true, digitalSignature: true },
    { name: 'extKeyUsage', ...(role === 'operator' ? { serverAuth: true } : { clientAuth: true }) },
    { name: 'subjectAltName', altNames: [{ type: 2, value: name }] },
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier: issuer.generateSubjectKeyIdentifier().getBytes() },
  ]);
  certificate.sign(forge.pki.privateKeyFromPem(authority.key), forge.md.sha256.create());
  return { certificate: forge.pki.certificateToPem(certificate), key: keys.pem };
}

function commonName({ subject }: forge.pki.Certificate): string {
  return String(subject.attributes.find(({ name }) => name === 'commonName')?.value);
}

/**
 * Whether two thirds of a certificate's life are over, or it cannot be read.
 * @param now milliseconds since 1970
 */
export function renewalDue(certificate: string | undefined, now: number): boolean {
  const { notBefore, notAfter } = validity(certificate);
  return !(now >= notBefore && now < notBefore + ((notAfter - notBefore) * 2) / 3);
}

/** Milliseconds since 1970; NaN for what is no certificate. */
export function validity(certificate: string | undefined): { readonly notBefore: number; readonly notAfter: number } {
  try {
    const { validFrom, validTo } = new X509Certificate(certificate ?? '');
    return { notBefore: Date.parse(validFrom), notAfter: Date.parse(validTo) };
  } catch {
    return { notBefore: NaN, notAfter: NaN };
  }
}

function describe(subject: string, issuer: string, key: forge.pki.PublicKey, now: number, life: number) {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = key;
  // RFC 5280 §4.1.2.2: positive, at most 20 octets.
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`;
  certificate.validity.notBefore = new Date(now - BACKDATED);
  certificate.validity.notAfter = new Date(now + life);
  certificate.setSubject([{ name: 'commonName', value: subject }]);
  certificate.setIssuer([{ name: 'commonName', value: issuer }]);
  return certificate;
}

async function newKeys(modulusLength: number) {
  const { privateKey } = await generate('rsa', { modulusLength });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const key = forge.pki.privateKeyFromPem(pem);
  return { pem, privateKey: key, publicKey: forge.pki.setRsaPublicKey(key.n, key.e) };
}
