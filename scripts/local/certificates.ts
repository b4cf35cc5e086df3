/** Certificates for the demo and the tests: an authority of our own and what it issues. */

import forge from 'node-forge';
import { generateKeyPairSync, randomBytes } from 'node:crypto';

const DAY = 86_400_000;

/** PEM texts. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

export interface Authority {
  readonly certificate: string;
  /** A certificate for `name` (its CN), valid for `days` from now; a negative number: expired that long ago. */
  issue(name: string, days?: number): Identity;
}

export function createAuthority(name: string): Authority {
  const keys = newKeys();
  const authority = describe(name, name, keys.publicKey, 365);
  authority.setExtensions([
    { name: 'basicConstraints', critical: true, cA: true },
    { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
    { name: 'subjectKeyIdentifier' },
  ]);
  authority.sign(keys.privateKey, forge.md.sha256.create());
  return {
    certificate: forge.pki.certificateToPem(authority),
    issue(subject, days = 90) {
      const own = newKeys();
      const certificate = describe(subject, name, own.publicKey, days);
      certificate.setExtensions([
        { name: 'basicConstraints', critical: true, cA: false },
        { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
        { name: 'subjectKeyIdentifier' },
      ]);
      certificate.sign(keys.privateKey, forge.md.sha256.create());
      return { certificate: forge.pki.certificateToPem(certificate), key: own.pem };
    },
  };
}

function describe(subject: string, issuer: string, publicKey: forge.pki.PublicKey, days: number) {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = publicKey;
  // A positive number of 16 bytes.
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`;
  certificate.validity.notBefore = new Date(Date.now() - 30 * DAY);
  certificate.validity.notAfter = new Date(Date.now() + days * DAY);
  certificate.setSubject([{ name: 'commonName', value: subject }]);
  certificate.setIssuer([{ name: 'commonName', value: issuer }]);
  return certificate;
}

function newKeys() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const key = forge.pki.privateKeyFromPem(pem);
  return { pem, privateKey: key, publicKey: forge.pki.setRsaPublicKey(key.n, key.e) };
}
