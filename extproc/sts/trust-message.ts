/** The SOAP message that a WS-Trust request travels in: addressed, authenticated, and with the HTTP headers that go with it. */

import { randomUUID, sign } from 'node:crypto';
import { scan } from '../xml/scan.ts';
import { NAMESPACES } from '../wss/addressing/versions.ts';
import { addAddressing } from '../wss/addressing/write.ts';
import { digests, signatureAlgorithms, type DigestName, type SignatureAlgorithm } from '../wss/algorithms.ts';
import { EMPTY_EXCHANGE } from '../wss/exchange-state.ts';
import { SOAP11, SOAP12 } from '../wss/namespaces.ts';
import { OWN_LIMITS } from '../wss/own-limits.ts';
import { secure } from '../wss/secure.ts';
import {
  ADDRESSING_DEFAULT,
  type Part,
  type SecureSettings,
  type SignatureSettings,
  type SigningKey,
  type UsernameTokenSettings,
} from '../wss/settings.ts';
import { algorithmFor } from '../wss/signature/signature-value.ts';
import { readSoap, type SoapMessage } from '../wss/soap.ts';
import { NoCredentialError } from './errors.ts';
import type { TokenCredential, WsTrustSettings } from './settings.ts';
import type { TrustRequest } from './ws-trust/create-request.ts';

export interface TrustMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** WS-Addressing MessageID that it has. */
  readonly messageId?: string;
}

/**
 * @param now milliseconds since 1970
 * @throws {NoCredentialError} when the credential does not hold what the service asks for
 * @throws {WssError} when its key cannot sign as the service wants it
 */
export async function writeTrustMessage(
  request: TrustRequest,
  settings: WsTrustSettings,
  credential: TokenCredential | undefined,
  now: number,
): Promise<TrustMessage> {
  const { addressing, soapVersion, url } = settings;
  const action = typeof addressing?.action === 'string' ? addressing.action : request.action;
  const fresh = `urn:uuid:${randomUUID()}`;
  const messageId = addressing?.messageId === ADDRESSING_DEFAULT ? fresh : addressing?.messageId;
  let message = readEnvelope(Buffer.from(envelope(request.body, soapVersion)));
  if (addressing !== undefined) {
    message = readEnvelope(addAddressing(message, addressing, { action, to: url, messageId: fresh }));
  }
  const security = securityOf(settings, credential);
  const body =
    security === undefined
      ? message.index.bytes
      : (
          await secure(message, security, {
            now,
            exchange: EMPTY_EXCHANGE,
            sign: (hash, data, key) => sign(hash, data, key),
          })
        ).bytes;
  return { headers: headersOf(action, soapVersion), body, ...(messageId !== undefined && { messageId }) };
}

function envelope(body: string, version: WsTrustSettings['soapVersion']): string {
  const namespace = version === '1.1' ? SOAP11 : SOAP12;
  return `<S:Envelope xmlns:S="${namespace}"><S:Header></S:Header><S:Body>${body}</S:Body></S:Envelope>`;
}

function readEnvelope(bytes: Buffer): SoapMessage {
  return readSoap(scan(bytes, { limits: OWN_LIMITS }));
}

/** SOAP 1.1 §6.1.1: the action is a header of its own; SOAP 1.2 part 2 §6.5.3: a parameter of the content type. */
function headersOf(action: string, version: WsTrustSettings['soapVersion']): Record<string, string> {
  const quoted = `"${action.replace(/["\\]/g, '\\$&')}"`;
  return version === '1.1'
    ? { 'content-type': 'text/xml; charset=utf-8', soapaction: quoted }
    : { 'content-type': `application/soap+xml; charset=utf-8; action=${quoted}` };
}

/** @returns undefined when the message proves nothing; TLS may */
function securityOf(settings: WsTrustSettings, credential: TokenCredential | undefined): SecureSettings | undefined {
  const { timestamp, usernameToken, signature } = settings;
  if (timestamp === undefined && usernameToken === undefined && signature === undefined) return undefined;
  return {
    ...{ mustUnderstand: true, layout: 'Lax', order: 'SignThenEncrypt' },
    ...(timestamp && { timestamp }),
    ...(usernameToken && { usernameToken: userOf(usernameToken, credential) }),
    ...(signature && { signature: signatureOf(signature, settings, credential?.key) }),
  };
}

function userOf(
  settings: NonNullable<WsTrustSettings['usernameToken']>,
  credential: TokenCredential | undefined,
): UsernameTokenSettings {
  const { username, password } = credential ?? {};
  const needsPassword = settings.passwordType !== 'None';
  if (username === undefined || (needsPassword && password === undefined)) {
    throw new NoCredentialError('the credential has no user name and password, which the token service asks for');
  }
  return { ...settings, username, password: needsPassword ? (password ?? '') : '' };
}

function signatureOf(
  { algorithm, keyIdentifier }: NonNullable<WsTrustSettings['signature']>,
  { addressing }: WsTrustSettings,
  key: SigningKey | undefined,
): SignatureSettings {
  if (key === undefined) throw new NoCredentialError('the credential has no key, which the token service asks for');
  const used = algorithm ?? algorithmFor(key.key);
  const parts: Part[] = [
    { kind: 'Body', mode: 'Content', optional: false },
    { kind: 'Timestamp', mode: 'Element', optional: true },
    { kind: 'UsernameToken', mode: 'Element', optional: true },
  ];
  if (addressing !== undefined) {
    parts.push({ kind: 'Header', namespace: NAMESPACES[addressing.version], mode: 'Element', optional: true });
  }
  return {
    ...{ key, algorithm: used, digest: digestOf(used), keyIdentifier, parts, confirm: false },
    canonicalization: 'ExclusiveC14N',
    inclusiveNamespaces: 'Auto',
  };
}

/** Whoever takes a hash in a signature takes it for digests as well. */
function digestOf(algorithm: SignatureAlgorithm): DigestName {
  const { hash } = signatureAlgorithms[algorithm];
  const [name] = Object.entries(digests).find(([, digest]) => digest.hash === hash) ?? ['SHA256'];
  return name as DigestName;
}
