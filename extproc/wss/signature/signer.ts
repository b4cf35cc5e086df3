/** From what a KeyInfo says to a key that the policy trusts to sign. */

import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import type { Certificate } from '../../keys/certificate.ts';
import { RevocationNeededError } from '../../keys/ocsp/status.ts';
import { signatureAlgorithms, type SignatureAlgorithm } from '../algorithms.ts';
import { KeyNotAcceptedError, KeyNotFoundError } from '../errors.ts';
import type { KeyHint } from '../key-info/read.ts';
import type { KeyProof } from '../key-proof.ts';
import { findHolder } from '../saml/holder.ts';
import type { VerifySignatureSettings } from '../settings.ts';
import { findSymmetricKey } from '../symmetric-key.ts';
import type { Verification } from '../verification.ts';

const SUBSTITUTE_BYTES = 32;
/** 128 bits. */
const MIN_SECRET_BYTES = 16;

/** A key that may have made a signature, and that the policy trusts. */
export interface TrustedKey {
  readonly key: KeyObject;
  /** Absent for HMAC. */
  readonly certificate?: Certificate;
  /** The element of the message that holds the certificate, or -1. */
  readonly token: number;
  readonly proof: KeyProof;
  /**
   * The key is trusted once an OCSP responder has been asked: whoever finds that it made the signature throws this. Before
   * that nobody is asked, or strangers could have us ask about every certificate that they have seen.
   */
  readonly unasked?: RevocationNeededError;
}

/**
 * Finds the keys that may have made a signature. Each of them is trusted by the policy: a certificate was validated, a
 * secret is one that the policy or this exchange holds, the key of an assertion is that of its holder.
 *
 * The family of the algorithm decides first which kind of key is looked for at all, so that a public key can never be
 * taken for an HMAC secret.
 *
 * @returns one key, or for HMAC each secret that may be meant
 * @throws KeyNotFoundError, KeyNotAcceptedError (wrong type for the algorithm), and what `TrustStore.validate` throws
 */
export function findSigners(
  state: Verification,
  settings: VerifySignatureSettings,
  algorithm: SignatureAlgorithm,
  hints: readonly KeyHint[],
): TrustedKey[] {
  if (signatureAlgorithms[algorithm].keyType === 'secret') return findSecrets(state, settings, hints);
  const { trust } = settings;
  const { saml } = state.settings;
  if (trust === undefined && saml === undefined) throw new KeyNotFoundError('the policy trusts no certificate');
  for (const hint of hints) {
    const chain = trust && findChain(trust, hint);
    if (trust === undefined || chain === undefined) {
      const holder = saml && findHolder(state, saml, hint);
      if (holder === undefined) continue;
      checkKeyType(holder.key, algorithm);
      return [holder];
    }
    const [certificate] = chain;
    checkKeyType(certificate.publicKey, algorithm);
    const unasked = validateChain(state, trust, chain);
    const token = hint.kind === 'certificates' ? hint.token : -1;
    return [
      { key: certificate.publicKey, certificate, token, proof: { kind: 'certificate' }, ...(unasked && { unasked }) },
    ];
  }
  throw new KeyNotFoundError('the policy holds no certificate that the KeyInfo names');
}

/**
 * @returns what an OCSP responder has to be asked, once the signature is known to be good
 * @throws what `TrustStore.validate` throws otherwise
 */
function validateChain(
  { context }: Verification,
  trust: NonNullable<VerifySignatureSettings['trust']>,
  chain: readonly Certificate[],
): RevocationNeededError | undefined {
  try {
    trust.validate(chain, context.now, context.revocation);
    return undefined;
  } catch (error) {
    if (error instanceof RevocationNeededError) return error;
    throw error;
  }
}

/** The certificate that a hint means, and the others that came with it. */
export function findChain(
  trust: NonNullable<VerifySignatureSettings['trust']>,
  hint: KeyHint,
): readonly Certificate[] | undefined {
  if (hint.kind === 'certificates') return hint.chain;
  const certificate = findCertificate(trust, hint);
  return certificate === undefined ? undefined : [certificate];
}

function findCertificate(
  trust: NonNullable<VerifySignatureSettings['trust']>,
  hint: Exclude<KeyHint, { kind: 'certificates' }>,
): Certificate | undefined {
  switch (hint.kind) {
    case 'subjectKeyIdentifier':
      return trust.findBySki(hint.value);
    case 'thumbprint':
      return trust.findByThumbprint(hint.value);
    case 'issuerSerial':
      return trust.findByIssuerSerial(hint.issuer, hint.serial);
    case 'subject':
    case 'keyName':
      return trust.findBySubject(hint.name);
    case 'keyValue':
      return trust.findByPublicKey(hint.key);
    default:
      return undefined;
  }
}

/** @throws KeyNotAcceptedError when the key is of another kind than the algorithm is for */
export function checkKeyType(key: KeyObject, algorithm: SignatureAlgorithm): void {
  const { keyType, pss } = signatureAlgorithms[algorithm];
  const type = key.asymmetricKeyType;
  if (type !== keyType && !(type === 'rsa-pss' && pss)) {
    throw new KeyNotAcceptedError(`a key of type ${type} cannot have made a signature with ${algorithm}`);
  }
}

/**
 * Secrets that the policy names, or keys of tokens and of the exchange that prove who has them.
 *
 * A key that came with this very message authenticates nobody: whoever has our certificate can send one. It is taken
 * only by a policy that names neither certificates nor secrets, which is how a policy says that the signature has to
 * give integrity alone (WS-SecurityPolicy's symmetric binding, where a UsernameToken says who it is). In an answer it is not
 * taken where we sent a key with the request, which only the right peer can use.
 */
function findSecrets(state: Verification, settings: VerifySignatureSettings, hints: readonly KeyHint[]): TrustedKey[] {
  const { kerberos } = state.settings;
  const anonymous =
    settings.trust === undefined &&
    settings.secrets.length === 0 &&
    kerberos === undefined &&
    !state.context.exchange.encryptedKeys.some((key) => key.received !== true);
  for (const hint of hints) {
    if (hint.kind === 'keyName') {
      const named = settings.secrets.filter((secret) => secret.name === hint.name);
      if (named.length > 0) return named.map(trustedSecret);
      continue;
    }
    const found = findSymmetricKey(state, hint);
    if (found === undefined || (found.proof.kind === 'receivedKey' && !anonymous)) continue;
    if (found.use === 'Encryption') throw new KeyNotAcceptedError('the Salt says that its key is for encryption');
    return [{ key: createSecretKey(usableOctets(found.octets)), token: found.token ?? -1, proof: found.proof }];
  }
  if (hints.every((hint) => hint.kind === 'keyName') && settings.secrets.length > 0) {
    return settings.secrets.map(trustedSecret);
  }
  throw new KeyNotFoundError('the policy holds no secret that the KeyInfo names');
}

function trustedSecret({ key, name }: VerifySignatureSettings['secrets'][number]): TrustedKey {
  return { key, token: -1, proof: { kind: 'secret', name } };
}

/**
 * A key that could not be unwrapped must look like a wrong signature, or the difference would answer a padding oracle. The
 * same goes for one that is so short that it could be guessed.
 */
function usableOctets(octets: Buffer | undefined): Buffer {
  return octets === undefined || octets.length < MIN_SECRET_BYTES ? randomBytes(SUBSTITUTE_BYTES) : octets;
}
