/** `secure` of a policy -> SecureSettings. */

import type { KeyObject } from 'node:crypto';
import type { CredentialsReference } from '../../crds/types.ts';
import type { ResolvedEncryption, ResolvedSecure, ResolvedSignature } from '../../policy/bundle.ts';
import { durationMs } from '../../policy/duration.ts';
import { signsWithTicket } from '../../policy/check-kerberos.ts';
import type { FieldPath } from '../../policy/load.ts';
import { defaultAlgorithm, type KeyKind } from '../../policy/presets.ts';
import { KeyMaterialError, type KeyMaterial } from '../keys/key-material-error.ts';
import { readKeyEncryptionKey, readRecipient, readSharedSecret, readSigningKey } from '../keys/secret-keys.ts';
import { keyAgreements, signatureAlgorithms, type SignatureAlgorithm } from '../wss/algorithms.ts';
import { isAgreement } from '../wss/encryption/key-agreement.ts';
import type {
  EncryptionSettings,
  EndorsingSettings,
  SecureSettings,
  SignatureSettings,
  SigningKey,
  UsernameTokenSettings,
} from '../wss/settings.ts';
import { attachmentsPart, encryptedParts, signedParts } from './compile-parts.ts';
import type { UserPool } from './compile.ts';
import { compilePool } from './credential-pool.ts';
import { textUnder, type KeySource } from './key-source.ts';

/** @returns undefined when there are problems, which `keys` holds then */
export function compileSecure(secure: ResolvedSecure, at: FieldPath, keys: KeySource): SecureSettings | undefined {
  const before = keys.problems.length;
  const { timestamp } = secure;
  const usernameToken = compileUsernameToken(secure.usernameToken, [...at, 'usernameToken'], keys);
  const signature = secure.signature && compileSignature(secure.signature, secure, [...at, 'signature'], keys);
  const endorsing = secure.endorsing?.map((one, index) =>
    compileEndorsing(one, secure, [...at, 'endorsing', index], keys),
  );
  const encryption = secure.encryption && compileEncryption(secure.encryption, [...at, 'encryption'], keys);
  if (keys.problems.length > before) return undefined;
  return {
    ...(secure.actor !== undefined && { actor: secure.actor }),
    mustUnderstand: secure.mustUnderstand,
    layout: secure.layout,
    order: secure.order,
    ...(secure.attachments && { attachments: secure.attachments }),
    ...(timestamp && { timestamp: { ttl: durationMs(timestamp.ttl), precision: timestamp.precision } }),
    ...(usernameToken && { usernameToken }),
    ...((secure.securityToken ?? secure.saml ?? secure.kerberos) && { securityToken: true }),
    ...(signature && { signature }),
    ...(endorsing && { endorsing: endorsing.filter((one) => one !== undefined) }),
    ...(encryption && { encryption }),
  };
}

/** @returns undefined also when there is no pool, but one credential */
function compileUsernameToken(
  token: ResolvedSecure['usernameToken'],
  at: FieldPath,
  keys: KeySource,
): UsernameTokenSettings | undefined {
  const secretRef = token?.credentials.secretRef;
  return secretRef && readLogin(secretRef, token, [...at, 'credentials', 'secretRef'], keys);
}

/** The pool of `usernameToken.credentials`; undefined where there is none, or when there are problems. */
export function compileUserPool(
  { usernameToken }: ResolvedSecure,
  at: FieldPath,
  keys: KeySource,
): UserPool | undefined {
  const { pool: entries, onNoCredential = 'Refuse' } = usernameToken?.credentials ?? {};
  if (usernameToken === undefined || entries === undefined) return undefined;
  const pool = compilePool(entries, [...at, 'credentials', 'pool'], keys, ({ secretRef }, entry) =>
    readLogin(secretRef, usernameToken, [...entry, 'secretRef'], keys),
  );
  return pool && { pool, onNoCredential };
}

function readLogin(
  secretRef: CredentialsReference,
  { passwordType, nonce, created, derivedKey }: NonNullable<ResolvedSecure['usernameToken']>,
  at: FieldPath,
  keys: KeySource,
): UsernameTokenSettings | undefined {
  return keys.attempt(at, () => {
    const material = keys.get(secretRef);
    const read = (key: 'username' | 'password', mend: string): string => {
      const text = textUnder(material, key);
      if (text === undefined) throw new KeyMaterialError(material, key, mend);
      return text;
    };
    const username = read('username', 'is missing or empty; put the user name there');
    const needsPassword = `is missing or empty; put the password there, which passwordType ${passwordType} needs`;
    const password = passwordType === 'None' && !derivedKey ? '' : read('password', needsPassword);
    return { username, password, passwordType, nonce, created, ...(derivedKey && { derivedKey }) };
  });
}

function compileSignature(
  signature: ResolvedSignature,
  { preset, kerberos }: ResolvedSecure,
  at: FieldPath,
  keys: KeySource,
): SignatureSettings | undefined {
  const { keyRef, digest, canonicalization, inclusiveNamespaces, keyIdentifier, tokenType, parts, confirm } = signature;
  const { derivedKey } = signature;
  const rest = {
    ...{ digest, canonicalization, inclusiveNamespaces, keyIdentifier, parts: signedParts(parts), confirm },
    ...attachmentsPart(parts),
    ...(tokenType !== 'X509v3' && { tokenType }),
    ...(derivedKey && { derivedKey }),
  };
  // The ticket's token says itself how it is referred to.
  if (kerberos && signsWithTicket(signature)) {
    const algorithm = signature.algorithm ?? defaultAlgorithm(preset, 'secret');
    return { ...rest, algorithm, keyIdentifier: 'SAMLAssertion' };
  }
  if (keyIdentifier === 'SAMLAssertion') {
    // Where the policy gives none, the key of the token decides, which differs by credential.
    return { ...rest, ...(signature.algorithm !== undefined && { algorithm: signature.algorithm }) };
  }
  if (keyRef === undefined) return { ...rest, algorithm: signature.algorithm ?? defaultAlgorithm(preset, 'secret') };
  const key = keys.attempt([...at, 'keyRef'], () => {
    const material = keys.get(keyRef);
    if (signature.algorithm?.startsWith('HMAC')) return readSharedSecret(material);
    const found = readSigningKey(material);
    keys.uses(material, found.certificate ? [found.certificate, ...found.chain] : found.chain);
    return found;
  });
  if (key === undefined) return undefined;
  const algorithm = fittingAlgorithm(signature.algorithm, preset, key, at, keys);
  return algorithm && { ...rest, algorithm, key };
}

function compileEndorsing(
  { signed, ...signature }: ResolvedSignature & { readonly signed: boolean },
  secure: ResolvedSecure,
  at: FieldPath,
  keys: KeySource,
): EndorsingSettings | undefined {
  const compiled = compileSignature(signature, secure, at, keys);
  return compiled?.key && { ...compiled, key: compiled.key, signed };
}

/** The algorithm of the policy if the key can do it; where the policy gives none, the one that fits the key. */
export function fittingAlgorithm(
  given: SignatureAlgorithm | undefined,
  preset: ResolvedSecure['preset'],
  { key, name }: SigningKey,
  at: FieldPath,
  keys: KeySource,
  keyAt: FieldPath = [...at, 'keyRef'],
): SignatureAlgorithm | undefined {
  const kind = kindOf(key);
  if (kind === undefined) {
    keys.report(keyAt, `Secret ${name} holds ${describeKey(key)}; use RSA, EC (P-256, P-384, P-521), Ed25519 or Ed448`);
    return undefined;
  }
  const fitting = defaultAlgorithm(preset, kind);
  if (given === undefined) return fitting;
  const needed = signatureAlgorithms[given].keyType;
  if (needed === signatureAlgorithms[fitting].keyType) return given;
  keys.report(
    [...at, 'algorithm'],
    `${given} needs ${article(needed)} key, and Secret ${name} holds ${describeKey(key)}; use ${defaultAlgorithm('Modern', kind)} or refer to another key`,
  );
  return undefined;
}

const CURVES: ReadonlyMap<string, KeyKind> = new Map([
  ['prime256v1', 'P-256'],
  ['secp384r1', 'P-384'],
  ['secp521r1', 'P-521'],
]);

function kindOf(key: KeyObject): KeyKind | undefined {
  if (key.type === 'secret') return 'secret';
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return 'rsa';
    case 'ed25519':
    case 'ed448':
      return key.asymmetricKeyType;
    case 'ec':
      return CURVES.get(key.asymmetricKeyDetails?.namedCurve ?? '');
    default:
      return undefined;
  }
}

function describeKey(key: KeyObject): string {
  const type = key.asymmetricKeyType ?? 'shared secret';
  const curve = key.asymmetricKeyDetails?.namedCurve;
  return `${article(type)} key${curve === undefined ? '' : ` on the curve ${CURVES.get(curve) ?? curve}`}`;
}

function article(keyType: string): string {
  const names: Readonly<Record<string, string>> = {
    rsa: 'an RSA',
    ec: 'an EC',
    ed25519: 'an Ed25519',
    ed448: 'an Ed448',
    x25519: 'an X25519',
    x448: 'an X448',
    secret: 'a shared secret',
  };
  return names[keyType] ?? `a ${keyType}`;
}

function compileEncryption(
  encryption: ResolvedEncryption,
  at: FieldPath,
  keys: KeySource,
): EncryptionSettings | undefined {
  const { recipientRef, dataKey, derivedKey, dataAlgorithm, keyTransport, oaep, keyIdentifier, parts } = encryption;
  const { keyWrap, keyDerivation } = encryption;
  const rest = {
    ...{ dataAlgorithm, keyTransport, oaep, keyIdentifier, parts: encryptedParts(parts), ...attachmentsPart(parts) },
    ...(derivedKey && { derivedKey }),
    ...(keyWrap && keyDerivation && { agreement: { wrap: keyWrap, derivation: keyDerivation } }),
  };
  if (dataKey !== undefined && dataKey !== 'New') return { ...rest, dataKey };
  if (recipientRef === undefined) return { ...rest, recipient: 'RequestSigner' };
  const recipient = keys.attempt([...at, 'recipientRef'], () => {
    const material = keys.get(recipientRef);
    const { name, key } = recipientRef;
    if (keyTransport === 'AES-KW') {
      const { key: secret } = readKeyEncryptionKey(material, key);
      return { secret, name };
    }
    const found = readRecipient(material, [key]);
    keys.uses(material, [found.certificate]);
    checkTransport(keyTransport, found.certificate.publicKey, material);
    return found;
  });
  return recipient && { ...rest, recipient };
}

/** @throws KeyMaterialError when the recipient's key cannot do what the policy wants */
function checkTransport(
  transport: Exclude<EncryptionSettings['keyTransport'], 'AES-KW'>,
  key: KeyObject,
  material: KeyMaterial,
): void {
  const needed = isAgreement(transport) ? keyAgreements[transport].keyType : 'rsa';
  if (key.asymmetricKeyType === needed) return;
  const fitting = Object.entries(keyAgreements).find(([, { keyType }]) => keyType === key.asymmetricKeyType);
  throw new KeyMaterialError(
    material,
    undefined,
    `holds a certificate with ${describeKey(key)}, and keyTransport ${transport} needs ${article(needed)} key; use keyTransport ${fitting?.[0] ?? 'RSA-OAEP'} or another certificate`,
  );
}
