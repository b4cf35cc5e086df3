/** Our own engine, as the data plane calls it: bytes in, bytes out. */

import { sign } from 'node:crypto';
import { TrustStore } from '../../extproc/keys/trust-store.ts';
import { EMPTY_EXCHANGE } from '../../extproc/wss/exchange-state.ts';
import { secure, type Signer } from '../../extproc/wss/secure.ts';
import type { Part, SecureSettings, VerifySettings } from '../../extproc/wss/settings.ts';
import { readSoap } from '../../extproc/wss/soap.ts';
import { verify } from '../../extproc/wss/verify.ts';
import { DEFAULT_LIMITS } from '../../extproc/xml/limits.ts';
import { scan } from '../../extproc/xml/scan.ts';
import { certificateOf, keyOf, type BenchKeys } from '../keys.ts';
import { policy, type Operation } from '../operation.ts';

const MINUTE = 60_000;
// A policy for large messages: the largest has more elements and, encrypted, more bytes than the defaults let pass.
const limits = {
  ...DEFAULT_LIMITS,
  maxBytes: 1 << 26,
  maxElements: 1_000_000,
  maxTextLength: 1 << 26,
  maxTotalAttributes: 2_000_000,
};
const part = (kind: 'Body' | 'Timestamp', mode: 'Element' | 'Content'): Part => ({ kind, mode, optional: false });

// In this thread: what is measured is the work, not how it is spread.
const signNow: Signer = (hash, data, key) => sign(hash, data, key);

/** What does an operation on one message. */
export function waxseal(keys: BenchKeys): (operation: Operation, message: Buffer) => Buffer | Promise<Buffer> {
  const [producing, checking] = [secureSettings(keys), verifySettings(keys)];
  return (operation, message) => {
    const soap = readSoap(scan(message, { limits }));
    const now = Date.now();
    const settings = producing[operation];
    if (settings !== undefined) {
      const context = { now, exchange: EMPTY_EXCHANGE, sign: signNow };
      return secure(soap, settings, context).then(({ bytes }) => bytes);
    }
    const demanded = checking[operation];
    if (demanded === undefined) throw new Error(`nothing does ${operation}`);
    return verify(soap, demanded, { now, exchange: EMPTY_EXCHANGE, limits }).bytes;
  };
}

function secureSettings(keys: BenchKeys): Partial<Record<Operation, SecureSettings>> {
  const base = { mustUnderstand: true, layout: 'Lax', order: 'SignThenEncrypt' } as const;
  const timestamp = { ttl: 5 * MINUTE, precision: 'Milliseconds' } as const;
  const certificate = certificateOf(keys.signer.certificate);
  const signature: SecureSettings['signature'] = {
    key: { key: keyOf(keys.signer.key), certificate, chain: [], name: 'signer' },
    algorithm: 'RSA-SHA256',
    digest: 'SHA256',
    canonicalization: 'ExclusiveC14N',
    inclusiveNamespaces: 'Auto',
    keyIdentifier: 'BinarySecurityToken',
    parts: [part('Body', 'Element'), part('Timestamp', 'Element')],
    confirm: false,
  };
  const encryption: SecureSettings['encryption'] = {
    recipient: { certificate: certificateOf(keys.recipient.certificate), name: 'recipient' },
    dataAlgorithm: 'AES256-GCM',
    keyTransport: 'RSA-OAEP',
    oaep: { digest: 'SHA256', mgf: 'MGF1-SHA256' },
    keyIdentifier: 'IssuerSerial',
    parts: [part('Body', 'Content')],
  };
  const usernameToken = { ...policy, passwordType: 'Digest', nonce: true, created: true } as const;
  return {
    sign: { ...base, timestamp, signature },
    encrypt: { ...base, encryption },
    'sign+encrypt': { ...base, timestamp, signature, encryption },
    'ts+ut-create': { ...base, timestamp, usernameToken },
  };
}

function verifySettings(keys: BenchKeys): Partial<Record<Operation, VerifySettings>> {
  const base = {
    removeSecurityHeader: true,
    signatureConfirmation: false,
    replay: { window: 10 * MINUTE, onCacheUnavailable: 'Refuse' },
  } as const;
  const timestamp = { required: true, maxAge: 10 * MINUTE, clockSkew: MINUTE, maxLifetime: 60 * MINUTE };
  const signature: VerifySettings['signature'] = {
    trust: new TrustStore({ anchors: [certificateOf(keys.ca)], intermediates: [certificateOf(keys.intermediate)] }),
    secrets: [],
    requiredParts: [part('Body', 'Element'), part('Timestamp', 'Element')],
    accept: { algorithms: ['RSA-SHA256'], digests: ['SHA256'], canonicalizations: ['ExclusiveC14N'] },
  };
  const certificate = certificateOf(keys.recipient.certificate);
  const decryption: VerifySettings['decryption'] = {
    keys: [{ key: keyOf(keys.recipient.key), certificate, name: 'recipient' }],
    requiredParts: [part('Body', 'Content')],
    accept: { dataAlgorithms: ['AES256-GCM'], keyTransports: ['RSA-OAEP'] },
    requireSignedEncryptedData: false,
  };
  const usernameToken: VerifySettings['usernameToken'] = {
    users: new Map([[policy.username, policy.password]]),
    passwordTypes: ['Digest'],
    maxAge: 10 * MINUTE,
    clockSkew: MINUTE,
  };
  return {
    verify: { ...base, timestamp, signature },
    decrypt: { ...base, decryption },
    'decrypt+verify': { ...base, timestamp, signature, decryption },
    'ts+ut-verify': { ...base, timestamp, usernameToken },
  };
}
