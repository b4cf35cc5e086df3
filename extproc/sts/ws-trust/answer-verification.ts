/** What WS-Security an answer may have and must have, as settings of the code that verifies all messages. */

import type { CanonicalizationName, DigestName, SignatureAlgorithm } from '../../wss/algorithms.ts';
import { EMPTY_EXCHANGE } from '../../wss/exchange-state.ts';
import type { DecryptionKey, DecryptionSettings, VerifySettings, VerifySignatureSettings } from '../../wss/settings.ts';
import type { VerifyContext } from '../../wss/verify.ts';
import type { TrustStore } from '../../keys/trust-store.ts';
import type { TokenCredential, WsTrustSettings } from '../settings.ts';
import { ANSWER_LIMITS } from './reading.ts';

const MINUTE = 60_000;

const ALGORITHMS: readonly SignatureAlgorithm[] = [
  ...(['RSA-SHA256', 'RSA-SHA384', 'RSA-SHA512', 'RSA-PSS-SHA256', 'RSA-PSS-SHA384', 'RSA-PSS-SHA512'] as const),
  ...(['ECDSA-SHA256', 'ECDSA-SHA384', 'ECDSA-SHA512', 'Ed25519', 'Ed448'] as const),
];
const DIGESTS: readonly DigestName[] = ['SHA256', 'SHA384', 'SHA512'];
const CANONICALIZATIONS: readonly CanonicalizationName[] = [
  ...(['ExclusiveC14N', 'ExclusiveC14NWithComments', 'C14N10', 'C14N10WithComments'] as const),
  ...(['C14N11', 'C14N11WithComments'] as const),
];

/** The keys that answers to a request with this credential may be encrypted for. */
export function decryptionKeysOf(
  settings: WsTrustSettings,
  credential: TokenCredential | undefined,
): readonly DecryptionKey[] {
  const own = credential?.key;
  return own?.key.asymmetricKeyType === 'rsa' ? [own, ...settings.decryptionKeys] : settings.decryptionKeys;
}

/**
 * @param keys what may be decrypted with; none: an encrypted answer is refused
 * @param trust who may sign; absent: nobody, and signatures are not looked at
 */
export function answerVerification(keys: readonly DecryptionKey[], trust: TrustStore | undefined): VerifySettings {
  return {
    // Nothing is sent on; but with it, what cannot be decrypted is refused.
    removeSecurityHeader: true,
    timestamp: { required: false, maxAge: 5 * MINUTE, clockSkew: MINUTE, maxLifetime: 24 * 60 * MINUTE },
    ...(keys.length > 0 && { decryption: decryption(keys) }),
    ...(trust && { signature: signature(trust) }),
    signatureConfirmation: false,
    replay: { window: 0, onCacheUnavailable: 'LocalOnly' },
  };
}

/** @param now milliseconds since 1970 */
export function answerContext(now: number): VerifyContext {
  return { now, exchange: EMPTY_EXCHANGE, limits: ANSWER_LIMITS };
}

/**
 * CBC is taken unsigned here, as services mostly still use it: answers come over TLS on a connection that we opened, so
 * nobody else can have us decrypt what they have changed.
 */
function decryption(keys: readonly DecryptionKey[]): DecryptionSettings {
  return {
    keys,
    requiredParts: [],
    accept: {
      dataAlgorithms: ['AES128-GCM', 'AES192-GCM', 'AES256-GCM', 'AES128-CBC', 'AES192-CBC', 'AES256-CBC'],
      keyTransports: ['RSA-OAEP', 'RSA-OAEP-MGF1P'],
    },
    requireSignedEncryptedData: false,
  };
}

function signature(trust: TrustStore): VerifySignatureSettings {
  return {
    trust,
    secrets: [],
    requiredParts: [
      { kind: 'Body', mode: 'Content', optional: false },
      { kind: 'Timestamp', mode: 'Element', optional: true },
    ],
    accept: { algorithms: ALGORITHMS, digests: DIGESTS, canonicalizations: CANONICALIZATIONS },
  };
}
