/**
 * Defaults that depend on other fields: those of `secure.preset`, and those that follow from what else is given. The
 * schema holds the rest. A preset never overrides a given field.
 */

import type {
  DigestName,
  Encryption,
  EndorsingSignature,
  Part,
  Phase,
  Secure,
  Signature,
  SignatureAlgorithm,
  SigningKeyReference,
  UsernameToken,
  Verify,
  WSSecurityPolicySpec,
} from '../crds/types.ts';
import type {
  ResolvedEncryption,
  ResolvedPhase,
  ResolvedSecure,
  ResolvedSignature,
  ResolvedSpec,
  ResolvedVerify,
} from './bundle.ts';

export type PresetName = Secure['preset'];

/**
 * Which algorithm a kind of key gets. `SHA2`: one with a hash that fits the key. `SHA1`: the oldest. `WSS4J`: what WSS4J
 * chooses, which is SHA-1 for RSA keys and SHA-256 for EC keys.
 */
export type AlgorithmFamily = 'SHA2' | 'SHA1' | 'WSS4J';

export interface Preset {
  /** One sentence for the reference. */
  readonly summary: string;
  readonly timestampPrecision: 'Milliseconds' | 'Seconds';
  readonly signature: {
    readonly algorithm: AlgorithmFamily;
    /** `Follow`: the hash of the signature algorithm. */
    readonly digest: 'SHA256' | 'SHA1' | 'Follow';
    readonly keyIdentifier: NonNullable<Signature['keyIdentifier']>;
    readonly timestamp: boolean;
  };
  readonly encryption: {
    readonly dataAlgorithm: NonNullable<Encryption['dataAlgorithm']>;
    readonly keyTransport: NonNullable<Encryption['keyTransport']>;
    readonly keyIdentifier: NonNullable<Encryption['keyIdentifier']>;
  };
}

export const presets: Readonly<Record<PresetName, Preset>> = {
  Modern: {
    summary: 'What current stacks understand and no known attack weakens.',
    timestampPrecision: 'Milliseconds',
    signature: { algorithm: 'SHA2', digest: 'SHA256', keyIdentifier: 'BinarySecurityToken', timestamp: true },
    encryption: { dataAlgorithm: 'AES256-GCM', keyTransport: 'RSA-OAEP', keyIdentifier: 'IssuerSerial' },
  },
  LegacyInterop: {
    summary: 'What stacks from before 2010 understand: SHA-1 and CBC.',
    timestampPrecision: 'Seconds',
    signature: { algorithm: 'SHA1', digest: 'Follow', keyIdentifier: 'BinarySecurityToken', timestamp: true },
    encryption: { dataAlgorithm: 'AES128-CBC', keyTransport: 'RSA-OAEP-MGF1P', keyIdentifier: 'IssuerSerial' },
  },
  Boomi: {
    summary: "The defaults of Boomi's SOAP WS-Security connector, which signs the Body only.",
    timestampPrecision: 'Milliseconds',
    signature: { algorithm: 'SHA1', digest: 'Follow', keyIdentifier: 'BinarySecurityToken', timestamp: false },
    encryption: { dataAlgorithm: 'AES128-CBC', keyTransport: 'RSA-OAEP-MGF1P', keyIdentifier: 'X509Certificate' },
  },
  CXFDefault: {
    summary: 'Apache CXF with an AsymmetricBinding and the algorithm suite Basic256.',
    timestampPrecision: 'Milliseconds',
    signature: { algorithm: 'WSS4J', digest: 'SHA1', keyIdentifier: 'BinarySecurityToken', timestamp: true },
    encryption: { dataAlgorithm: 'AES256-CBC', keyTransport: 'RSA-OAEP-MGF1P', keyIdentifier: 'IssuerSerial' },
  },
  WSS4JDefault: {
    summary: 'Apache WSS4J with nothing but its actions configured.',
    timestampPrecision: 'Milliseconds',
    signature: { algorithm: 'WSS4J', digest: 'SHA1', keyIdentifier: 'IssuerSerial', timestamp: false },
    encryption: { dataAlgorithm: 'AES128-CBC', keyTransport: 'RSA-OAEP-MGF1P', keyIdentifier: 'IssuerSerial' },
  },
};

const ASYMMETRIC_SHA2: readonly SignatureAlgorithm[] = [
  'RSA-SHA224',
  'RSA-SHA256',
  'RSA-SHA384',
  'RSA-SHA512',
  'RSA-PSS-SHA256',
  'RSA-PSS-SHA384',
  'RSA-PSS-SHA512',
  'ECDSA-SHA256',
  'ECDSA-SHA384',
  'ECDSA-SHA512',
  'Ed25519',
  'Ed448',
];
const HMAC_SHA2: readonly SignatureAlgorithm[] = ['HMAC-SHA256', 'HMAC-SHA384', 'HMAC-SHA512'];

/** The kind of a signing key, as far as it decides the algorithm. */
export type KeyKind = 'rsa' | 'P-256' | 'P-384' | 'P-521' | 'ed25519' | 'ed448' | 'secret';

const defaultAlgorithms: Readonly<Record<KeyKind, Readonly<Record<AlgorithmFamily, SignatureAlgorithm>>>> = {
  rsa: { SHA2: 'RSA-SHA256', SHA1: 'RSA-SHA1', WSS4J: 'RSA-SHA1' },
  'P-256': { SHA2: 'ECDSA-SHA256', SHA1: 'ECDSA-SHA1', WSS4J: 'ECDSA-SHA256' },
  'P-384': { SHA2: 'ECDSA-SHA384', SHA1: 'ECDSA-SHA1', WSS4J: 'ECDSA-SHA256' },
  'P-521': { SHA2: 'ECDSA-SHA512', SHA1: 'ECDSA-SHA1', WSS4J: 'ECDSA-SHA256' },
  ed25519: { SHA2: 'Ed25519', SHA1: 'Ed25519', WSS4J: 'Ed25519' },
  ed448: { SHA2: 'Ed448', SHA1: 'Ed448', WSS4J: 'Ed448' },
  secret: { SHA2: 'HMAC-SHA256', SHA1: 'HMAC-SHA1', WSS4J: 'HMAC-SHA1' },
};

/** The signature algorithm where a policy gives none. */
export function defaultAlgorithm(preset: PresetName, key: KeyKind): SignatureAlgorithm {
  return defaultAlgorithms[key][presets[preset].signature.algorithm];
}

/** Whether a signature that names no algorithm is made with an HMAC secret and not with a private key. */
type SignsWithSecret = (signature: Signature) => boolean;

/** What the keys decide that a policy refers to. */
export interface KeyFacts {
  /** Whether the Secret holds an HMAC secret instead of a private key. */
  readonly isSharedSecret: (keyRef: SigningKeyReference) => boolean;
  /** Whether the token that the phase's messages get is for a symmetric key. */
  readonly tokenHasSecret: (phase: 'request' | 'response') => boolean;
}

/**
 * Fills in the defaults that the schema does not hold.
 *
 * @param spec valid, with the schema's defaults
 */
export function applyDefaults(spec: WSSecurityPolicySpec, { isSharedSecret, tokenHasSecret }: KeyFacts): ResolvedSpec {
  const signsWithSecret =
    (phase: 'request' | 'response'): SignsWithSecret =>
    ({ keyIdentifier, keyRef }) => {
      if (keyIdentifier?.startsWith('EncryptedKey') || keyIdentifier === 'UsernameToken') return true;
      if (keyIdentifier === 'KerberosSHA1') return true;
      if (keyIdentifier === 'BinarySecurityToken' && keyRef === undefined) return true;
      if (keyIdentifier === 'SAMLAssertion') return tokenHasSecret(phase);
      return keyRef !== undefined && isSharedSecret(keyRef);
    };
  return {
    ...spec,
    request: resolvePhase(spec.request ?? {}, signsWithSecret('request')),
    response: resolvePhase(spec.response ?? {}, signsWithSecret('response')),
  };
}

function resolvePhase(phase: Phase, signsWithSecret: SignsWithSecret): ResolvedPhase {
  return {
    ...(phase.verify && { verify: resolveVerify(phase.verify) }),
    ...(phase.addressing && { addressing: phase.addressing }),
    ...(phase.secure && { secure: resolveSecure(phase.secure, signsWithSecret) }),
  };
}

function resolveSecure(secure: Secure, signsWithSecret: SignsWithSecret): ResolvedSecure {
  const { timestamp, usernameToken, signature, endorsing, encryption, ...rest } = secure;
  return {
    ...rest,
    ...(timestamp && { timestamp: { precision: presets[secure.preset].timestampPrecision, ...timestamp } }),
    ...(usernameToken && { usernameToken: resolveUsernameToken(usernameToken) }),
    ...(signature && { signature: resolveSignature(signature, secure, signsWithSecret) }),
    ...(endorsing && { endorsing: endorsing.map((one) => resolveEndorsing(one, secure, signsWithSecret)) }),
    ...(encryption && { encryption: resolveEncryption(encryption, presets[secure.preset]) }),
  };
}

function resolveUsernameToken(token: UsernameToken): NonNullable<ResolvedSecure['usernameToken']> {
  if (token.derivedKey) return { nonce: false, created: true, ...token, passwordType: 'None' };
  const digest = token.passwordType === 'Digest';
  return { nonce: digest, created: digest, ...token };
}

/** What it signs is no choice. */
function resolveEndorsing(
  { signed, ...given }: EndorsingSignature,
  secure: Secure,
  signsWithSecret: SignsWithSecret,
): ResolvedSignature & { readonly signed: boolean } {
  const signature: Signature = { ...given, parts: [], tokenType: 'X509v3', confirm: false };
  return { ...resolveSignature(signature, secure, signsWithSecret), signed };
}

function resolveSignature(signature: Signature, secure: Secure, signsWithSecret: SignsWithSecret): ResolvedSignature {
  const preset = presets[secure.preset].signature;
  const algorithm =
    signature.algorithm ?? (signsWithSecret(signature) ? defaultAlgorithm(secure.preset, 'secret') : undefined);
  const parts: Part[] = [{ part: 'Body', optional: false }];
  if (preset.timestamp && secure.timestamp !== undefined) parts.push({ part: 'Timestamp', optional: false });
  if (secure.saml?.confirmation === 'SenderVouches') parts.push({ part: 'Assertion', optional: false });
  return {
    digest: preset.digest === 'Follow' ? hashOf(algorithm) : preset.digest,
    keyIdentifier: algorithm?.startsWith('HMAC') ? 'KeyName' : preset.keyIdentifier,
    parts,
    ...signature,
    ...(algorithm !== undefined && { algorithm }),
    inclusiveNamespaces: (signature.inclusiveNamespaces ?? 'Auto') as ResolvedSignature['inclusiveNamespaces'],
  };
}

/** @param algorithm undefined where the key decides, which in the presets that follow it means SHA-1 */
function hashOf(algorithm: SignatureAlgorithm | undefined): DigestName {
  if (algorithm === undefined) return 'SHA1';
  const hash = /SHA\d+$/.exec(algorithm)?.[0];
  return hash === undefined ? 'SHA256' : (hash as DigestName);
}

const AGREEMENTS: ReadonlySet<string> = new Set(['ECDH-ES', 'X25519', 'X448']);

function resolveEncryption(encryption: Encryption, { encryption: preset }: Preset): ResolvedEncryption {
  const keyTransport = encryption.keyTransport ?? preset.keyTransport;
  const oaep =
    keyTransport === 'RSA-OAEP'
      ? ({ digest: 'SHA256', mgf: 'MGF1-SHA256' } as const)
      : ({ digest: 'SHA1', mgf: 'MGF1-SHA1' } as const);
  const { recipientRef, keyDerivation, ...rest } = encryption;
  const shared = keyTransport === 'AES-KW';
  return {
    ...preset,
    ...(shared && { keyIdentifier: 'KeyName' }),
    parts: [{ part: 'Body', mode: 'Content', optional: false }],
    ...(AGREEMENTS.has(keyTransport) && {
      keyWrap: 'AES256-KW',
      keyDerivation: { function: 'ConcatKDF', digest: 'SHA256', ...keyDerivation },
    }),
    ...rest,
    ...(recipientRef && { recipientRef: { key: shared ? 'secret' : 'tls.crt', ...recipientRef } }),
    oaep: { ...oaep, ...encryption.oaep },
  };
}

function resolveVerify(verify: Verify): ResolvedVerify {
  const { decryption, signature, endorsing, saml, ...rest } = verify;
  const cbc = decryption?.accept.dataAlgorithms.some((algorithm) => algorithm.endsWith('-CBC')) ?? false;
  const derived = verify.usernameToken?.passwordTypes.includes('DerivedKey');
  const timestampOptional = verify.timestamp?.required === false;
  return {
    ...rest,
    ...(decryption && {
      decryption: {
        requiredParts: [{ part: 'Body', optional: false }],
        requireSignedEncryptedData: cbc,
        ...decryption,
      },
    }),
    ...(endorsing && {
      endorsing: {
        ...endorsing,
        accept: {
          algorithms: [...(endorsing.trustRefs ? ASYMMETRIC_SHA2 : []), ...(endorsing.secretRefs ? HMAC_SHA2 : [])],
          ...endorsing.accept,
        },
      },
    }),
    ...(signature && {
      signature: {
        requiredParts: [
          { part: 'Body', optional: false },
          { part: 'Timestamp', optional: timestampOptional },
        ],
        ...signature,
        accept: {
          algorithms: [
            ...(signature.trustRefs || saml ? ASYMMETRIC_SHA2 : []),
            ...(signature.secretRefs || !signature.trustRefs || verify.kerberos || derived || (saml && decryption)
              ? HMAC_SHA2
              : []),
          ],
          ...signature.accept,
        },
      },
    }),
    ...(saml && { saml: { ...saml, accept: { algorithms: [...ASYMMETRIC_SHA2], ...saml.accept } } }),
  };
}
