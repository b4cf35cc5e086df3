/** Policies, parts and messages for tests of securing. */

import { sign } from 'node:crypto';
import { EMPTY_EXCHANGE, type ExchangeState } from '../../extproc/wss/exchange-state.ts';
import { SOAP11 } from '../../extproc/wss/namespaces.ts';
import { secure, type SecureContext, type Secured } from '../../extproc/wss/secure.ts';
import type {
  EncryptionSettings,
  Part,
  SecureSettings,
  SignatureSettings,
  SigningKey,
} from '../../extproc/wss/settings.ts';
import { readSoap, type SoapMessage } from '../../extproc/wss/soap.ts';
import { scan } from '../../extproc/xml/scan.ts';
import { createPki, type Identity } from './pki.ts';

export const pki = createPki();
/** The test certificates are valid then. */
export const NOW = Date.now();

export const BODY: Part = { kind: 'Body', mode: 'Content', optional: false };
export const TIMESTAMP: Part = { kind: 'Timestamp', mode: 'Element', optional: false };
export const TOKEN: Part = { kind: 'Token', mode: 'Element', optional: false };
export const SIGNATURE: Part = { kind: 'Signature', mode: 'Element', optional: false };
export const USERNAME_TOKEN: Part = { kind: 'UsernameToken', mode: 'Element', optional: false };

export const headerPart = (namespace: string, name?: string, optional = false): Part => ({
  kind: 'Header',
  mode: 'Element',
  optional,
  namespace,
  name,
});
export const elementPart = (namespace: string, name: string, optional = false): Part => ({
  kind: 'Element',
  mode: 'Element',
  optional,
  namespace,
  name,
});

export const signingKey = (identity: Identity): SigningKey => ({
  key: identity.key,
  certificate: identity.certificate,
  chain: [],
  name: 'gateway-keys',
});

/** Only a frame: a policy that adds nothing. */
export function secureSettings(changes: Partial<SecureSettings> = {}): SecureSettings {
  return { mustUnderstand: true, layout: 'Lax', order: 'SignThenEncrypt', ...changes };
}

/** RSA-SHA256 over Body and Timestamp, as a policy that says nothing gets it. */
export function signatureSettings(changes: Partial<SignatureSettings> = {}): SignatureSettings {
  return {
    key: signingKey(pki.signer),
    algorithm: 'RSA-SHA256',
    digest: 'SHA256',
    canonicalization: 'ExclusiveC14N',
    inclusiveNamespaces: 'Auto',
    keyIdentifier: 'BinarySecurityToken',
    parts: [BODY, TIMESTAMP],
    confirm: false,
    ...changes,
  };
}

/** AES-256-GCM and RSA-OAEP, as a policy that says nothing gets it. */
export function encryptionSettings(changes: Partial<EncryptionSettings> = {}): EncryptionSettings {
  return {
    recipient: { certificate: pki.recipient.certificate, name: 'backend-cert' },
    dataAlgorithm: 'AES256-GCM',
    keyTransport: 'RSA-OAEP',
    oaep: { digest: 'SHA256', mgf: 'MGF1-SHA256' },
    keyIdentifier: 'IssuerSerial',
    parts: [BODY],
    ...changes,
  };
}

export const TIMESTAMP_SETTINGS = { ttl: 300_000, precision: 'Milliseconds' } as const;

export function secureContext(exchange: ExchangeState = EMPTY_EXCHANGE): SecureContext {
  return { now: NOW, exchange, sign: (hash, data, key) => sign(hash, data, key) };
}

export const readMessage = (xml: string | Buffer): SoapMessage => readSoap(scan(Buffer.from(xml)));

/** Reads, secures, and returns what goes out. */
export function secureText(
  xml: string | Buffer,
  settings: Partial<SecureSettings>,
  exchange?: ExchangeState,
): Promise<Secured> {
  return secure(readMessage(xml), secureSettings(settings), secureContext(exchange));
}

/** A message of the usual shape, with namespaces and headers of its own. */
export function order(namespace = SOAP11): string {
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="${namespace}" xmlns:xsi="urn:xsi" xmlns:s="urn:shop">\n` +
    ` <soap:Header>\n  <s:Session s:kind='a "b"'>42</s:Session><a:Trace xmlns:a="urn:trace" soap:mustUnderstand="0"/>\n </soap:Header>` +
    `<soap:Body>\n  <!-- kept --><s:Order xmlns:xsi="urn:xsi"><s:Card  number='4&#49;11'>Zoë &amp; Co</s:Card>\r\n` +
    `<s:Card/><plain xmlns="">x</plain></s:Order>\n</soap:Body>\n</soap:Envelope>\n`
  );
}
