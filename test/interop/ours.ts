/** What a case means to our engine: the settings that protect a message so, and those that accept it and nothing else. */

import { createSecretKey, sign } from 'node:crypto';
import { TrustStore } from '../../extproc/keys/trust-store.ts';
import { EMPTY_EXCHANGE, type ExchangeState } from '../../extproc/wss/exchange-state.ts';
import { secure, type SecureContext, type Secured } from '../../extproc/wss/secure.ts';
import type { Part, SecureSettings, SigningKey, VerifySettings } from '../../extproc/wss/settings.ts';
import { readSoap } from '../../extproc/wss/soap.ts';
import { verify, type Verified } from '../../extproc/wss/verify.ts';
import { DEFAULT_LIMITS } from '../../extproc/xml/limits.ts';
import { scan } from '../../extproc/xml/scan.ts';
import type { Case, EncryptedPart, EncryptionCase, SignatureCase, SignedPart, UsernameTokenCase } from './cases.ts';
import { identityFor, pki } from './keys.ts';
import { SHOP, WSA } from './shapes.ts';
import { SECRET, USER } from './wss4j.ts';

const MINUTE = 60_000;
const trust = new TrustStore({
  anchors: [pki.ca.certificate],
  intermediates: [pki.intermediate, pki.signer, pki.ec256, pki.ec384, pki.ec521, pki.ed25519, pki.ed448].map(
    (key) => key.certificate,
  ),
});
const secret = { key: createSecretKey(SECRET.value), name: SECRET.name };

export const context = (exchange: ExchangeState = EMPTY_EXCHANGE): SecureContext => ({
  now: Date.now(),
  exchange,
  sign: (hash, data, key) => sign(hash, data, key),
});

export async function secureOurs(
  message: Buffer,
  settings: SecureSettings,
  exchange?: ExchangeState,
): Promise<Secured> {
  return secure(readSoap(scan(message)), settings, context(exchange));
}

export function verifyOurs(message: Buffer, settings: VerifySettings, exchange = EMPTY_EXCHANGE): Verified {
  return verify(readSoap(scan(message)), settings, { now: Date.now(), exchange, limits: DEFAULT_LIMITS });
}

export function secureSettings(item: Case): SecureSettings {
  const { signature, encryption, usernameToken } = item;
  return {
    mustUnderstand: true,
    layout: 'Lax',
    order: item.order,
    timestamp: { ttl: 5 * MINUTE, precision: item.milliseconds ? 'Milliseconds' : 'Seconds' },
    ...(usernameToken ? { usernameToken: { username: USER.name, password: USER.password, ...usernameToken } } : {}),
    ...(signature ? { signature: signatureSettings(signature) } : {}),
    ...(encryption ? { encryption: encryptionSettings(encryption) } : {}),
  };
}

export function verifySettings(item: Case): VerifySettings {
  const { signature, encryption, usernameToken } = item;
  return {
    removeSecurityHeader: true,
    timestamp: { required: true, maxAge: 5 * MINUTE, clockSkew: MINUTE, maxLifetime: 60 * MINUTE },
    ...(signature ? { signature: verifySignatureSettings(signature) } : {}),
    ...(encryption ? { decryption: decryptionSettings(encryption) } : {}),
    ...(usernameToken ? { usernameToken: verifyUsernameTokenSettings(usernameToken) } : {}),
    signatureConfirmation: false,
    replay: { window: 10 * MINUTE, onCacheUnavailable: 'Refuse' },
  };
}

export function signingKey(signature: SignatureCase): SigningKey {
  if (signature.algorithm.startsWith('HMAC')) return { ...secret, chain: [] };
  const name = identityFor(signature);
  const { key, certificate } = pki[name];
  return { key, certificate, chain: [pki.intermediate.certificate], name };
}

function signatureSettings(signature: SignatureCase): SecureSettings['signature'] {
  const { keyIdentifier, algorithm, digest, canonicalization, prefixes } = signature;
  if (keyIdentifier === 'EncryptedKey') throw new Error('only WSS4J names a session key by reference');
  return {
    ...(keyIdentifier === 'EncryptedKeySHA1' ? {} : { key: signingKey(signature) }),
    algorithm,
    digest,
    canonicalization,
    inclusiveNamespaces: prefixes ? 'Auto' : 'None',
    keyIdentifier,
    parts: signature.parts.map(signedPart),
    confirm: false,
  };
}

function encryptionSettings({ parts, digest, mgf, ...rest }: EncryptionCase): SecureSettings['encryption'] {
  const recipient = { certificate: pki.recipient.certificate, name: 'recipient' };
  return { ...rest, recipient, oaep: { digest, mgf }, parts: parts.map(encryptedPart) };
}

function verifySignatureSettings(signature: SignatureCase): VerifySettings['signature'] {
  const shared = signature.algorithm.startsWith('HMAC');
  return {
    ...(shared ? {} : { trust }),
    secrets: shared && signature.keyIdentifier === 'KeyName' ? [secret] : [],
    requiredParts: signature.parts.map(signedPart),
    accept: {
      algorithms: [signature.algorithm],
      digests: [signature.digest],
      // WSS4J takes the policy's canonicalization for SignedInfo only, and exclusive C14N for each part.
      canonicalizations: [signature.canonicalization, 'ExclusiveC14N'],
    },
  };
}

function decryptionSettings({ dataAlgorithm, keyTransport, parts }: EncryptionCase): VerifySettings['decryption'] {
  return {
    keys: [
      { key: pki.signer.key, certificate: pki.signer.certificate, name: 'another' },
      { key: pki.recipient.key, certificate: pki.recipient.certificate, name: 'recipient' },
    ],
    requiredParts: parts.map(encryptedPart),
    accept: { dataAlgorithms: [dataAlgorithm], keyTransports: [keyTransport] },
    requireSignedEncryptedData: false,
  };
}

function verifyUsernameTokenSettings({ passwordType }: UsernameTokenCase): VerifySettings['usernameToken'] {
  const users = new Map([[USER.name, USER.password]]);
  return { users, passwordTypes: [passwordType], maxAge: 5 * MINUTE, clockSkew: MINUTE };
}

function signedPart(part: SignedPart): Part {
  const common = { optional: false, mode: 'Element' } as const;
  switch (part) {
    case 'Session':
      return { ...common, kind: 'Header', namespace: SHOP, name: 'Session' };
    case 'Addressing':
      return { ...common, kind: 'Header', namespace: WSA };
    case 'Card':
      return { ...common, kind: 'Element', namespace: SHOP, name: 'Card' };
    case 'Body':
    case 'Timestamp':
    case 'Token':
    case 'UsernameToken':
      return { ...common, kind: part };
  }
}

function encryptedPart(part: EncryptedPart): Part {
  switch (part) {
    case 'Body':
      return { kind: 'Body', mode: 'Content', optional: false };
    case 'Card':
    case 'Card content':
      return {
        kind: 'Element',
        namespace: SHOP,
        name: 'Card',
        mode: part === 'Card' ? 'Element' : 'Content',
        optional: false,
      };
    case 'Session':
    case 'Session content': {
      const mode = part === 'Session' ? 'Element' : 'Content';
      return { kind: 'Header', namespace: SHOP, name: 'Session', mode, optional: false };
    }
    case 'Signature':
    case 'UsernameToken':
      return { kind: part, mode: 'Element', optional: false };
  }
}
