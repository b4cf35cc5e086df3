/** What messages bear -> assertions of WS-SecurityPolicy 1.3. */

import type { Part } from '../../../crds/types.ts';
import type { Findings } from '../finding.ts';
import { bindingKind, type Exchange } from './exchange.ts';
import { parts } from './part-assertions.ts';
import { layoutOf, suiteOf } from './suite-assertions.ts';
import { includeToken, issued, x509 } from './token-assertions.ts';
import { element, nested, type XmlElement } from './xml.ts';
import { cannot } from './wire.ts';

/** Assertions for the binding, and for the messages of each direction. */
export interface Assertions {
  readonly binding: readonly XmlElement[];
  readonly input: readonly XmlElement[];
  readonly output: readonly XmlElement[];
}

export function assertionsOf(exchange: Exchange, findings: Findings): Assertions {
  const { input, output } = exchange;
  const kind = bindingKind(exchange);
  const binding = kind === 'Transport' ? transport(exchange, findings) : kind && messages(kind, exchange, findings);
  return {
    binding: [
      ...(input.addressing || output.addressing ? [nested('wsam:Addressing', [])] : []),
      ...(binding ? [binding] : []),
      ...wss(exchange),
      ...(input.issuedToken ? [nested('sp:Trust13', [element('sp:MustSupportIssuedTokens')])] : []),
    ],
    input: [...(kind === 'Transport' ? [] : parts(input)), ...supporting(kind, exchange)],
    output: kind === 'Transport' ? [] : parts(output),
  };
}

function transport({ input, output }: Exchange, findings: Findings): XmlElement {
  findings.note(
    'Elsewhere',
    'sp:TransportBinding',
    {},
    'the policy says that TLS protects the messages; make sure that it does',
  );
  return nested('sp:TransportBinding', [
    nested('sp:TransportToken', [nested('sp:HttpsToken', [])]),
    suiteOf([input, output], findings),
    layoutOf([input, output], findings),
    element('sp:IncludeTimestamp'),
  ]);
}

function messages(kind: 'Asymmetric' | 'Symmetric', exchange: Exchange, findings: Findings): XmlElement {
  const { input, output } = exchange;
  const both = [input, output];
  const has = (part: Part['part'], of: 'signature' | 'encryption'): boolean =>
    both.some((wire) => wire[of]?.parts.some((each) => each.part === part) ?? false);
  for (const { timestamp, signature } of both) {
    const signs = signature?.parts.some(({ part }) => part === 'Timestamp') ?? false;
    if (signature && timestamp && !signs)
      cannot(
        findings,
        'sp:IncludeTimestamp',
        'means that the Timestamp is signed, and here it is not; tell the partner',
      );
  }
  const [timestamp, other] = both
    .filter(({ signature, encryption }) => signature ?? encryption)
    .map((wire) => wire.timestamp);
  if (other !== undefined && other !== timestamp)
    cannot(
      findings,
      'sp:IncludeTimestamp',
      'holds for requests and answers, and here only one of them has a Timestamp; tell the partner',
    );
  const orders = new Set(
    both.flatMap(({ encryption, signature, order }) => (encryption && signature && order ? [order] : [])),
  );
  if (orders.size > 1)
    cannot(
      findings,
      'sp:EncryptBeforeSigning',
      'holds for requests and answers, and here they differ; tell the partner',
    );
  const derivedKeys = both.some((wire) => wire.derivedKeys);
  return nested(`sp:${kind}Binding`, [
    ...(kind === 'Asymmetric'
      ? [
          nested('sp:InitiatorToken', [initiator(exchange)]),
          nested('sp:RecipientToken', [
            x509(output.signature?.keyIdentifier, input.encryption?.keyIdentifier, 'AlwaysToInitiator'),
          ]),
        ]
      : [
          nested('sp:ProtectionToken', [
            x509(undefined, input.encryption?.keyIdentifier, 'AlwaysToInitiator', { derivedKeys }),
          ]),
        ]),
    suiteOf(both, findings),
    layoutOf(both, findings),
    timestamp ? element('sp:IncludeTimestamp') : undefined,
    orders.has('EncryptThenSign') ? element('sp:EncryptBeforeSigning') : undefined,
    has('Signature', 'encryption') ? element('sp:EncryptSignature') : undefined,
    has('Token', 'signature') ? element('sp:ProtectTokens') : undefined,
    element('sp:OnlySignEntireHeadersAndBody'),
  ]);
}

/** Who signs requests, and whom answers are encrypted for. */
function initiator({ input, output, tokenService }: Exchange): XmlElement {
  if (input.signature?.keyIdentifier === 'SAMLAssertion') return issued(tokenService);
  const { keyIdentifier = 'BinarySecurityToken' } = input.signature ?? {};
  return x509(keyIdentifier, output.encryption?.keyIdentifier, 'AlwaysToRecipient', {
    ...(input.signature?.tokenType !== undefined && { tokenType: input.signature.tokenType }),
  });
}

function wss({ input, output }: Exchange): XmlElement[] {
  const identifiers = [input, output].flatMap(({ signature, encryption }) => [
    signature?.keyIdentifier,
    encryption?.keyIdentifier,
  ]);
  const uses = (name: string): boolean => identifiers.includes(name);
  const abilities = [
    uses('SubjectKeyIdentifier') ? element('sp:MustSupportRefKeyIdentifier') : undefined,
    uses('IssuerSerial') ? element('sp:MustSupportRefIssuerSerial') : undefined,
    uses('ThumbprintSHA1') ? element('sp:MustSupportRefThumbprint') : undefined,
    uses('EncryptedKeySHA1') || uses('EncryptedKey') ? element('sp:MustSupportRefEncryptedKey') : undefined,
    output.confirmation ? element('sp:RequireSignatureConfirmation') : undefined,
  ].filter((each) => each !== undefined);
  return abilities.length === 0 ? [] : [nested('sp:Wss11', abilities)];
}

/** Tokens that go with requests besides the one that signs. */
function supporting(kind: ReturnType<typeof bindingKind>, { input, output, tokenService }: Exchange): XmlElement[] {
  const covers = (of: 'signature' | 'encryption'): boolean =>
    input[of]?.parts.some(({ part }) => part === 'UsernameToken') ?? false;
  const result: XmlElement[] = [];
  if (input.usernameToken) {
    const { passwordType, nonce, created } = input.usernameToken;
    const digest = passwordType === 'Digest';
    const token = nested(
      'sp:UsernameToken',
      [
        passwordType === 'None' ? element('sp:NoPassword') : digest ? element('sp:HashPassword') : undefined,
        element('sp:WssUsernameToken10'),
        created && !digest ? element('sp13:Created') : undefined,
        nonce && !digest ? element('sp13:Nonce') : undefined,
      ],
      includeToken('AlwaysToRecipient'),
    );
    const [signed, encrypted] = [covers('signature') ? 'Signed' : '', covers('encryption') ? 'Encrypted' : ''];
    result.push(nested(`sp:${signed}${encrypted}SupportingTokens`, [token]));
  }
  for (const { keyIdentifier, signed } of input.endorsing) {
    const token = x509(keyIdentifier, undefined, 'AlwaysToRecipient');
    result.push(nested(`sp:${signed ? 'Signed' : ''}EndorsingSupportingTokens`, [token]));
  }
  if (kind === 'Transport' && input.signature) {
    const { keyIdentifier = 'BinarySecurityToken', parts: signed } = input.signature;
    const own = keyIdentifier === 'SAMLAssertion';
    const token = own ? issued(tokenService) : x509(keyIdentifier, undefined, 'AlwaysToRecipient');
    const covered = parts({ ...output, signature: input.signature, encryption: undefined });
    const name = signed.some(({ part }) => part === 'Token') ? 'SignedEndorsing' : 'Endorsing';
    result.push(nested(`sp:${name}SupportingTokens`, [token, ...covered]));
    if (own) return result;
  }
  if (input.issuedToken && input.signature?.keyIdentifier !== 'SAMLAssertion') {
    result.push(nested('sp:SupportingTokens', [issued(tokenService)]));
  }
  return result;
}
