/** The symmetric binding: one key, which travels in an EncryptedKey, signs and encrypts (WS-SecurityPolicy 1.3 §7.4). */

import { fieldOf, partnerCertificate, type Context } from './context.ts';
import type { Message } from './message.ts';
import { keyIdentifierOf, type TokenKind } from './tokens.ts';
import type { Section } from './to-secure.ts';

/** Of a request that a client sends: the key is new, and encrypted for the service. */
export function symmetricSecure(context: Context, { direction, signature, encryption }: Message): Section {
  const { requirements, findings } = context;
  const { suite, assertion } = requirements.binding ?? {};
  const token = signature?.token ?? encryption?.token;
  if (token === undefined || assertion === undefined) return {};
  const at = fieldOf(direction, 'secure');
  if (token.kind !== 'X509Token') {
    const { name, place } = token.assertion;
    findings.error(
      'NotExpressible',
      name,
      place,
      `keys of such a token protect no messages here; ${instead(token.kind)}`,
      at,
    );
    return {};
  }
  if (direction === 'output' || !encryption) {
    const { name, place } = assertion;
    findings.error(
      'NotExpressible',
      name,
      place,
      direction === 'output'
        ? 'answers cannot be protected with the key that came with the request; ask the partner for an asymmetric binding'
        : 'with this binding requests must be encrypted; ask the partner for an asymmetric binding',
      at,
    );
    return {};
  }
  if (token.derivedKeys) {
    const { name, place } = token.assertion;
    findings.error(
      'NotExpressible',
      name,
      place,
      'keys that are derived from the session key are not used; ask the partner to do without sp:RequireDerivedKeys',
      at,
    );
  }
  return {
    ...(signature && {
      signature: {
        ...(suite && { algorithm: `HMAC-${suite.signatureHash}`, digest: suite.digest }),
        keyIdentifier: 'EncryptedKeySHA1',
        parts: signature.parts,
      },
    }),
    encryption: {
      recipientRef: partnerCertificate(context),
      ...(suite && { dataAlgorithm: suite.dataAlgorithm, keyTransport: suite.keyTransport }),
      keyIdentifier: keyIdentifierOf(token, direction, requirements.references),
      parts: encryption.parts,
    },
  };
}

/** What to ask the partner for. */
function instead(kind: TokenKind): string {
  const conversation = ['SecureConversationToken', 'SecurityContextToken', 'SpnegoContextToken'].includes(kind);
  return conversation
    ? 'messages are not sent in a conversation; ask for an endpoint without it (in WCF establishSecurityContext="false", negotiateServiceCredential="false")'
    : 'ask the partner for an asymmetric binding';
}
