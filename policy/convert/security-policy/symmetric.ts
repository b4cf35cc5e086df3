/** The symmetric binding: one key, which travels in an EncryptedKey, signs and encrypts (WS-SecurityPolicy 1.3 §7.4). */

import { SECURITY_POLICY_11 } from '../ws-policy/namespaces.ts';
import { fieldOf, partnerCertificate, type Context } from './context.ts';
import type { Message } from './message.ts';
import type { PartDraft } from './parts.ts';
import { decryptionOf, signatureAccept, signedParts } from './protected.ts';
import { hasSecret } from './saml-token.ts';
import type { Direction } from './side.ts';
import { keyIdentifierOf, type Token, type TokenKind } from './tokens.ts';
import type { Section } from './to-secure.ts';

/** Of a request the key is new, and encrypted for the service; an answer is protected with the key of its request. */
export function symmetricSecure(context: Context, message: Message): Section {
  const { direction, signature, encryption } = message;
  const token = protectionToken(context, message, 'secure');
  if (token === undefined) return {};
  const { suite } = context.requirements.binding ?? {};
  const signed = signature && {
    signature: {
      ...(suite && { algorithm: `HMAC-${suite.signatureHash}`, digest: suite.digest }),
      ...(suite && suite.canonicalization !== 'ExclusiveC14N' && { canonicalization: suite.canonicalization }),
      keyIdentifier: signedWith(token, direction),
      ...derivedKey(token, signatureKeyLength(suite?.dataAlgorithm)),
      parts: signature.parts,
    },
  };
  const triple = suite?.dataAlgorithm === 'TripleDES-CBC';
  if (triple && encryption) {
    const text = 'TripleDES is read and never written; ask the partner for a suite with AES';
    context.findings.error('NotExpressible', `sp:${suite.name}`, suite.assertion.place, text);
  }
  const data = suite && !triple ? { dataAlgorithm: suite.dataAlgorithm } : {};
  const parts = encryption?.parts ?? [];
  const dataKey = DATA_KEYS[token.kind] ?? (direction === 'output' ? 'Request' : undefined);
  if (dataKey !== undefined) {
    return { ...signed, ...(encryption && { encryption: { dataKey, ...derivedKey(token), ...data, parts } }) };
  }
  return {
    ...signed,
    encryption: {
      recipientRef: partnerCertificate(context),
      ...(encryption && derivedKey(token)),
      ...data,
      ...(suite && { keyTransport: suite.keyTransport }),
      keyIdentifier: keyIdentifierOf(token, direction, context.requirements.references),
      parts,
    },
  };
}

/** Keys of tokens that encrypt data as they are, or what is derived from them. */
const DATA_KEYS: Readonly<Partial<Record<TokenKind, string>>> = {
  KerberosToken: 'Kerberos',
  IssuedToken: 'IssuedToken',
};

function signedWith(token: Token, direction: Direction): string {
  if (token.kind === 'IssuedToken') return 'SAMLAssertion';
  if (token.kind === 'KerberosToken') return 'KerberosSHA1';
  return direction === 'input' ? 'EncryptedKey' : 'EncryptedKeySHA1';
}

/** A request brings its key; an answer is protected with the one that its request took along. */
export function symmetricVerify(context: Context, message: Message): Section {
  const { direction, timestamp, signature, encryption } = message;
  const token = protectionToken(context, message, 'verify');
  if (token === undefined) return {};
  const parts: readonly PartDraft[] = encryption?.parts ?? [];
  const brings = direction === 'input' && token.kind !== 'KerberosToken';
  const opens = brings || encryption !== undefined;
  const anonymous = signature && brings && token.kind === 'X509Token' && isAnonymous(message);
  if (anonymous) {
    const { name, place } = context.requirements.binding?.assertion ?? token.assertion;
    context.findings.error(
      'NotExpressible',
      name,
      place,
      'anyone who has the certificate of the service can send such a request, so that a signature with the key in it proves nothing, and none is demanded; demand an endorsing token or a UsernameToken besides',
      fieldOf(direction, 'verify', 'decryption'),
    );
  }
  return {
    ...(opens && {
      decryption: decryptionOf(context, direction, parts, brings),
    }),
    ...(signature &&
      !anonymous && {
        signature: { ...signedParts(signature.parts, timestamp), ...signatureAccept(context, 'HMAC') },
      }),
  };
}

/** Whether nothing says who a request is from: its key is made by whoever sends it. */
function isAnonymous({ endorsing, usernameToken }: Message): boolean {
  return endorsing.length === 0 && (usernameToken === undefined || usernameToken.token.has('NoPassword'));
}

function protectionToken(context: Context, message: Message, section: 'secure' | 'verify'): Token | undefined {
  const { requirements, findings } = context;
  const { direction, signature, encryption } = message;
  const { binding } = requirements;
  const token = signature?.token ?? encryption?.token;
  if (token === undefined || binding === undefined) return undefined;
  const { name, place } = token.assertion;
  const at = fieldOf(direction, section);
  const known = token.kind === 'X509Token' || token.kind === 'KerberosToken';
  if (!known && !(hasSecret(token) && direction === 'input')) {
    const messages = direction === 'input' ? 'requests' : 'answers';
    const text = `keys of such a token protect no ${messages} here; ${instead(token.kind)}`;
    findings.error('NotExpressible', name, place, text, at);
    return undefined;
  }
  if (signature?.parts.some(({ part }) => part === 'Token')) {
    const text =
      'the token that the key is encrypted for is not signed; ask the partner to do without sp:ProtectTokens';
    findings.error('NotExpressible', name, place, text, at);
  }
  return token;
}

function derivedKey({ derivedKeys, assertion }: Token, length?: number): Section {
  if (!derivedKeys) return {};
  const version = assertion.namespace === SECURITY_POLICY_11 ? { version: '2005/02' } : {};
  return { derivedKey: { ...version, ...(length !== undefined && { length }) } };
}

/** Bytes of derived keys that sign: §6.1, [Sig KD]. */
function signatureKeyLength(dataAlgorithm: string | undefined): number | undefined {
  if (dataAlgorithm === undefined) return undefined;
  return dataAlgorithm.startsWith('AES128') ? 16 : 24;
}

/** What to ask the partner for. */
function instead(kind: TokenKind): string {
  const conversation = ['SecureConversationToken', 'SecurityContextToken', 'SpnegoContextToken'].includes(kind);
  return conversation
    ? 'messages are not sent in a conversation; ask for an endpoint without it (in WCF establishSecurityContext="false", negotiateServiceCredential="false")'
    : 'ask the partner for an X.509 token';
}
