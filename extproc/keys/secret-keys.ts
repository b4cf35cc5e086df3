/**
 * Keys and certificates out of Secrets and ConfigMaps.
 *
 * A private key stands
 * - in PEM under `tls.key` (PKCS #8, PKCS #1 or SEC 1; encrypted: its password under `password`), with its certificate
 *   and perhaps the rest of the chain under `tls.crt`, and authorities under `ca.crt`: a Secret of type
 *   `kubernetes.io/tls`; or
 * - in a PKCS #12 key store under `keystore.p12` or `keystore.pfx`, with its password under `password`, and with several
 *   keys in it the wanted one's friendly name under `alias`.
 *
 * Where both are, as cert-manager writes them, PEM is read. One line end at the end of `password` and of `alias` does
 * not belong to them. The secret of HMAC signatures stands under `secret`: the octets themselves, without base64 of its
 * own (the base64 of a manifest's `data` is Kubernetes' and is gone by then) and with nothing stripped. The same key holds
 * the key-encryption key of AES-KW, which is of 16, 24 or 32 octets.
 */

import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { InvalidTokenError } from '../wss/errors.ts';
import type { DecryptionKey, SigningKey } from '../wss/settings.ts';
import { keyWrapFor } from '../wss/encryption/aes-key-wrap.ts';
import { Certificate, CURVES } from './certificate.ts';
import { KeyFormatError, KeyMaterialError, type KeyMaterial } from './key-material-error.ts';
import { readPrivateKeyPem } from './pem.ts';
import { readPkcs12, type KeyStore } from './pkcs12.ts';
import { RevocationList, RevocationListError } from './revocation-list.ts';

const KEY_STORES = ['keystore.p12', 'keystore.pfx'];
const JAVA_KEY_STORES = ['keystore.jks', 'keystore.jceks'];
/** RFC 2104 §2 calls keys shorter than the hash weak; 128 bits is the least that is of use with any hash. */
const MIN_SHARED_SECRET_BYTES = 16;
const MAX_SHARED_SECRET_BYTES = 4096;
const MAX_CERTIFICATES_BYTES = 4 * 1024 * 1024;

interface KeyPair {
  readonly key: KeyObject;
  readonly certificate: Certificate | undefined;
  readonly chain: readonly Certificate[];
}

/**
 * The private key to sign with, and its certificate.
 *
 * @throws KeyMaterialError
 */
export function readSigningKey(material: KeyMaterial): SigningKey {
  const { key, certificate, chain } = readKeyPair(material);
  if (certificate === undefined) {
    throw new KeyMaterialError(material, 'tls.crt', 'is missing; put the certificate of tls.key there, in PEM');
  }
  return { key, certificate, chain, name: material.name };
}

/**
 * The shared secret of HMAC signatures.
 *
 * @throws KeyMaterialError
 */
export function readSharedSecret(material: KeyMaterial): SigningKey {
  const octets = material.data['secret'];
  if (octets === undefined) {
    throw new KeyMaterialError(material, 'secret', 'is missing; put the octets of the shared secret there');
  }
  if (octets.length < MIN_SHARED_SECRET_BYTES || octets.length > MAX_SHARED_SECRET_BYTES) {
    const limits = `${MIN_SHARED_SECRET_BYTES} to ${MAX_SHARED_SECRET_BYTES}`;
    throw new KeyMaterialError(material, 'secret', `has ${octets.length} octets; ${limits} are accepted`);
  }
  return { key: createSecretKey(octets), chain: [], name: material.name };
}

/**
 * The key-encryption key of AES-KW.
 *
 * @param name the key of the Secret's data that holds its octets
 * @throws KeyMaterialError
 */
export function readKeyEncryptionKey(material: KeyMaterial, name = 'secret'): { key: KeyObject; name: string } {
  const octets = material.data[name];
  if (octets === undefined) {
    throw new KeyMaterialError(material, name, 'is missing; put the octets of the key-encryption key there');
  }
  if (keyWrapFor(octets.length) === undefined) {
    throw new KeyMaterialError(material, name, `has ${octets.length} octets; AES-KW needs 16, 24 or 32`);
  }
  return { key: createSecretKey(octets), name: material.name };
}

/** Kinds of private keys that can decrypt. */
const DECRYPTING: ReadonlySet<string> = new Set(['rsa', 'ec', 'x25519', 'x448']);

/**
 * The private key to decrypt with, or where there is none the key-encryption key of AES-KW. A certificate beside it is optional; without one, messages must name the key in a way
 * that needs none.
 *
 * @throws KeyMaterialError also when the key is of a kind that cannot decrypt
 */
export function readDecryptionKey(material: KeyMaterial): DecryptionKey {
  const { data } = material;
  if (data['secret'] !== undefined && ['tls.key', ...KEY_STORES].every((name) => data[name] === undefined)) {
    return readKeyEncryptionKey(material);
  }
  const { key, certificate } = readKeyPair(material);
  const kind = key.asymmetricKeyType ?? 'unknown';
  if (!DECRYPTING.has(kind) || (kind === 'ec' && !CURVES.has(key.asymmetricKeyDetails?.namedCurve ?? ''))) {
    throw new KeyMaterialError(
      material,
      undefined,
      `decryption needs an RSA, EC (P-256, P-384, P-521), X25519 or X448 key, and this one is of type ${kind}`,
    );
  }
  return { key, ...(certificate === undefined ? {} : { certificate }), name: material.name };
}

/**
 * The certificates under the first of `keys` that is there: PEM, one certificate in DER, or a PKCS #12 trust store with
 * its password under `password`.
 *
 * @returns at least one, in the order of the file
 * @throws KeyMaterialError
 */
export function readCertificates(material: KeyMaterial, keys: readonly string[]): Certificate[] {
  const [key, octets] = firstOf(material, keys, 'put certificates in PEM there');
  const certificates = attempt(material, key, () => {
    if (isPem(octets)) return Certificate.fromPem(octets.toString('latin1'));
    return isKeyStore(octets) ? [...openKeyStore(material, octets).certificates] : [Certificate.fromDer(octets)];
  });
  if (certificates.length === 0) throw new KeyMaterialError(material, key, 'holds no certificate (BEGIN CERTIFICATE)');
  return certificates;
}

/**
 * The certificate to encrypt for: the first under the first of `keys` that is there.
 *
 * @throws KeyMaterialError also when its key can only sign
 */
export function readRecipient(
  material: KeyMaterial,
  keys: readonly string[],
): { certificate: Certificate; name: string } {
  const [certificate] = readCertificates(material, keys);
  if (!DECRYPTING.has(certificate.publicKey.asymmetricKeyType ?? '')) {
    throw new KeyMaterialError(
      material,
      undefined,
      `${certificate.subject} has no key that encryption needs: RSA, EC, X25519 or X448`,
    );
  }
  return { certificate, name: material.name };
}

/**
 * The revocation lists under the first of `keys` that is there: PEM, or one list in DER.
 *
 * @returns at least one
 * @throws KeyMaterialError
 */
export function readRevocationLists(material: KeyMaterial, keys: readonly string[]): RevocationList[] {
  const [key, octets] = firstOf(material, keys, 'put certificate revocation lists in PEM or DER there');
  const lists = attempt(material, key, () =>
    isPem(octets) ? RevocationList.fromPem(octets.toString('latin1')) : [RevocationList.fromDer(octets)],
  );
  if (lists.length === 0) throw new KeyMaterialError(material, key, 'holds no revocation list (BEGIN X509 CRL)');
  return lists;
}

function readKeyPair(material: KeyMaterial): KeyPair {
  const pem = material.data['tls.key'];
  if (pem !== undefined) return readPemPair(material, pem);
  const key = KEY_STORES.find((candidate) => material.data[candidate] !== undefined);
  if (key !== undefined) return attempt(material, key, () => chooseKey(material, key));
  for (const candidate of JAVA_KEY_STORES) {
    const octets = material.data[candidate];
    if (octets !== undefined) attempt(material, candidate, () => refuseJavaKeyStore(octets));
  }
  throw new KeyMaterialError(
    material,
    undefined,
    'holds no private key; put it under tls.key with its certificate under tls.crt (PEM), or a PKCS #12 file under keystore.p12 with its password under password',
  );
}

function readPemPair(material: KeyMaterial, pem: Buffer): KeyPair {
  const key = attempt(material, 'tls.key', () => {
    refuseJavaKeyStore(pem);
    return readPrivateKeyPem(pem.toString('latin1'), textOf(material, 'password'));
  });
  if (material.data['tls.crt'] === undefined) return { key, certificate: undefined, chain: [] };
  const certificates = readCertificates(material, ['tls.crt']);
  const authorities = material.data['ca.crt'] === undefined ? [] : readCertificates(material, ['ca.crt']);
  const certificate = certificateOf(key, certificates);
  if (certificate === undefined) {
    throw new KeyMaterialError(material, 'tls.crt', 'is not the certificate of the private key under tls.key');
  }
  return { key, certificate, chain: chainAbove(certificate, [...certificates, ...authorities]) };
}

function chooseKey(material: KeyMaterial, key: string): KeyPair {
  const store = openKeyStore(material, material.data[key]);
  const alias = textOf(material, 'alias');
  // Java folds the names to lower case when it writes a store.
  const wanted = store.keys.filter(
    ({ friendlyName }) => alias === undefined || friendlyName?.toLowerCase() === alias.toLowerCase(),
  );
  if (wanted.length !== 1) {
    if (store.keys.length === 0) throw new KeyFormatError('there is no private key in it');
    if (wanted.length === 0)
      throw new KeyFormatError('no private key in it has the friendly name that stands under alias');
    throw new KeyFormatError(
      `there are ${wanted.length} private keys in it; put the friendly name of one under the key alias beside it`,
    );
  }
  const certificate = certificateOf(wanted[0].key, store.certificates);
  if (certificate === undefined) throw new KeyFormatError('the certificate of the private key is not in it');
  return { key: wanted[0].key, certificate, chain: chainAbove(certificate, store.certificates) };
}

function openKeyStore(material: KeyMaterial, octets: Buffer): KeyStore {
  refuseJavaKeyStore(octets);
  return readPkcs12(octets, textOf(material, 'password'));
}

/** A value that is text, without the line end that editors and `echo` leave. */
function textOf(material: KeyMaterial, key: string): string | undefined {
  return material.data[key]?.toString('utf8').replace(/\r?\n$/, '');
}

const certificateOf = (key: KeyObject, candidates: readonly Certificate[]): Certificate | undefined => {
  const publicKey = createPublicKey(key);
  return candidates.find((candidate) => candidate.publicKey.equals(publicKey));
};

/** The certificates above `certificate` that are among `candidates`, its issuer first; loops end at the first repetition. */
function chainAbove(certificate: Certificate, candidates: readonly Certificate[]): Certificate[] {
  const chain = [certificate];
  for (let last = certificate; last.subjectKey !== last.issuerKey;) {
    const issuer = candidates.find(
      (candidate) =>
        candidate.subjectKey === last.issuerKey &&
        chain.every(({ fingerprint }) => fingerprint !== candidate.fingerprint) &&
        last.x509.checkIssued(candidate.x509),
    );
    if (issuer === undefined) break;
    chain.push(issuer);
    last = issuer;
  }
  return chain.slice(1);
}

const isPem = (octets: Buffer): boolean => octets.includes('-----BEGIN ');

/** A PKCS #12 file begins with a number in a sequence, a certificate with another sequence. Or a Java key store. */
function isKeyStore(octets: Buffer): boolean {
  if (octets[0] !== 0x30) return javaKeyStoreType(octets) !== undefined;
  const lengthOctets = octets[1] > 0x80 ? octets[1] & 0x7f : 0;
  return octets[2 + lengthOctets] === 0x02;
}

/** By the four octets that every such file begins with. */
function javaKeyStoreType(octets: Buffer): string | undefined {
  const magic = octets.subarray(0, 4).toString('hex');
  return magic === 'feedfeed' ? 'JKS' : magic === 'cececece' ? 'JCEKS' : undefined;
}

function refuseJavaKeyStore(octets: Buffer): void {
  const type = javaKeyStoreType(octets);
  if (type === undefined) return;
  throw new KeyFormatError(
    `this is a Java key store (${type}), which is not supported; convert it with ` +
      `"keytool -importkeystore -srckeystore keystore.jks -srcstoretype ${type} -destkeystore keystore.p12 -deststoretype PKCS12" ` +
      'and put keystore.p12 into the Secret, with its password under the key password',
  );
}

function firstOf(material: KeyMaterial, keys: readonly string[], mend: string): [key: string, octets: Buffer] {
  for (const key of keys) {
    const octets = material.data[key];
    if (octets === undefined) continue;
    if (octets.length > MAX_CERTIFICATES_BYTES * 2) throw new KeyMaterialError(material, key, 'is larger than 8 MiB');
    return [key, octets];
  }
  throw new KeyMaterialError(material, keys.join(' or '), `is missing; ${mend}`);
}

/** Puts the object's and the key's name before whatever is wrong inside. */
function attempt<T>(material: KeyMaterial, key: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const isOurs =
      error instanceof KeyFormatError || error instanceof InvalidTokenError || error instanceof RevocationListError;
    if (isOurs) throw new KeyMaterialError(material, key, error.message);
    throw error;
  }
}
