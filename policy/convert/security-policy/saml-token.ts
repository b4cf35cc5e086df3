/** `sp:SamlToken`, and `sp:IssuedToken` on the side that gets it -> `secure.saml` and `verify.saml` (WS-SecurityPolicy 1.3 §5.4.8, §5.4.2). */

import { fieldOf, need, ownKey, type Context } from './context.ts';
import { issuerNameOf, templateText } from './issued-token.ts';
import type { Message } from './message.ts';
import type { Token } from './tokens.ts';
import type { Section } from './to-secure.ts';

/** An assertion that the gateway makes of the caller. */
export function madeAssertion(context: Context, token: Token, message: Message): Section {
  const { findings } = context;
  const { name, place } = token.assertion;
  const at = fieldOf(message.direction, 'secure', 'saml');
  findings.note('Elsewhere', name, place, 'what the gateway calls itself is in no policy; write it here', [
    ...at,
    'issuer',
  ]);
  findings.note(
    'Elsewhere',
    name,
    place,
    'whom the assertion speaks of, and what it says of him, is in no policy; write it here',
    [...at, 'subject'],
  );
  const [version] = versionsOf(context, token);
  const confirmation = confirmationOf(token, message);
  return {
    ...(version === '1.1' && { version }),
    issuer: 'https://replace-me.invalid',
    ...(confirmation !== 'SenderVouches' && { confirmation }),
    subject: { source: 'Static', value: 'REPLACE_ME' },
    signingKeyRef: ownKey(context),
    ...(confirmation === 'HolderOfKey' && { holderOfKey: { keyType: 'X509', keyRef: ownKey(context) } }),
  };
}

/** An assertion that a message must bring, of whoever issued it. */
export function demandedAssertion(context: Context, token: Token, message: Message): Section {
  const { name, place } = token.assertion;
  const at = fieldOf(message.direction, 'verify', 'saml');
  const versions = versionsOf(context, token);
  const issuer = issuerNameOf(token);
  if (issuer === undefined) {
    const text =
      'what the issuer calls itself, and for whom assertions must be, is in no policy; write issuers and audiences here';
    context.findings.note('Elsewhere', name, place, text, at);
  }
  return {
    trustRefs: [
      {
        kind: 'ConfigMap',
        name: need(
          context,
          'ConfigMap',
          'issuers',
          'tls.crt: PEM of the certificates with which assertions are signed',
        ),
        pin: true,
      },
    ],
    ...(versions.length === 1 && { versions }),
    ...(issuer !== undefined && { issuers: [issuer] }),
    confirmations: [confirmationOf(token, message)],
  };
}

/** How the sender shows that the assertion is its to use: not said by policies, but by what the token does in them. */
function confirmationOf(token: Token, { signature }: Message): 'HolderOfKey' | 'SenderVouches' | 'Bearer' {
  if (signature?.token === token) return 'HolderOfKey';
  const parts = signature?.parts.map(({ part }) => part) ?? [];
  return parts.includes('Assertion') && parts.includes('Body') ? 'SenderVouches' : 'Bearer';
}

function versionsOf({ findings }: Context, token: Token): ('1.1' | '2.0')[] {
  const { name, place } = token.assertion;
  const type = templateText(token, 'TokenType') ?? '';
  if (token.has('WssSamlV10Token10') || token.has('WssSamlV10Token11')) {
    findings.error('NotExpressible', name, place, 'SAML 1.0 is not known; demand 1.1 or 2.0');
  }
  const old = token.has('WssSamlV11Token10') || token.has('WssSamlV11Token11') || /SAMLV1\.1$|SAML:1\.0/.test(type);
  if (old) return ['1.1'];
  return token.has('WssSamlV20Token11') || /SAMLV2\.0$|SAML:2\.0/.test(type) ? ['2.0'] : [];
}

/** Whether the key that the token was issued for is a secret, which comes encrypted for the service. */
export function hasSecret(token: Token): boolean {
  if (token.kind !== 'IssuedToken') return false;
  const keyType = templateText(token, 'KeyType');
  return keyType === undefined || keyType.endsWith('SymmetricKey');
}

/** Whether the token is an assertion. */
export function isAssertion({ kind }: Token): boolean {
  return kind === 'IssuedToken' || kind === 'SamlToken';
}

/** The token of a request that is neither a certificate nor a user's: what protects it, or what goes with it. */
export function otherToken(
  { findings }: Context,
  { direction, signature, encryption, assertion, kerberos }: Message,
  section: 'secure' | 'verify',
): Token | undefined {
  if (direction === 'output') return undefined;
  const protecting = signature?.token ?? encryption?.token;
  const signs = protecting && (isAssertion(protecting) || protecting.kind === 'KerberosToken') ? protecting : undefined;
  const [first, ...others] = [signs, assertion?.token, kerberos?.token].filter((each) => each !== undefined);
  for (const each of others) {
    const { name, place } = each.assertion;
    const text = 'is another token besides the one that signs the message or goes with it; a message gets one';
    findings.error('NotExpressible', name, place, text, fieldOf(direction, section));
  }
  if (kerberos?.signed && first === kerberos.token) {
    const { name, place } = kerberos.assertion;
    const text = 'that the message signature covers the ticket is neither brought about nor demanded';
    findings.error('NotExpressible', name, place, text, fieldOf(direction, section));
  }
  return first;
}
