/** Security bindings (WS-SecurityPolicy 1.3 §7). */

import type { Secure } from '../../../crds/types.ts';
import type { Findings } from '../finding.ts';
import { SECURITY_POLICY } from '../ws-policy/namespaces.ts';
import type { Assertion } from '../ws-policy/policy.ts';
import { readSuite, type Hash, type Suite } from './suites.ts';
import { readTokens, type Token } from './tokens.ts';

export interface Binding {
  readonly kind: 'Transport' | 'Symmetric' | 'Asymmetric';
  readonly assertion: Assertion;
  readonly suite?: Suite;
  readonly layout: Secure['layout'];
  readonly timestamp: boolean;
  readonly order: Secure['order'];
  readonly encryptSignature?: Assertion;
  readonly protectTokens?: Assertion;
  /** What signs requests, and what they are encrypted for; and the same of answers. */
  readonly tokens: {
    readonly transport?: Token;
    readonly input: { readonly signature?: Token; readonly encryption?: Token };
    readonly output: { readonly signature?: Token; readonly encryption?: Token };
  };
}

const LAYOUTS: Readonly<Record<string, Secure['layout']>> = {
  Strict: 'Strict',
  Lax: 'Lax',
  LaxTsFirst: 'LaxTimestampFirst',
  LaxTimestampFirst: 'LaxTimestampFirst',
  LaxTsLast: 'LaxTimestampLast',
  LaxTimestampLast: 'LaxTimestampLast',
};
const HOLDERS: ReadonlySet<string> = new Set([
  ...['TransportToken', 'ProtectionToken', 'SignatureToken', 'EncryptionToken', 'InitiatorToken', 'RecipientToken'],
  ...['InitiatorSignatureToken', 'InitiatorEncryptionToken', 'RecipientSignatureToken', 'RecipientEncryptionToken'],
]);

export function readBinding(assertion: Assertion, findings: Findings, signatureHash: Hash | undefined): Binding {
  const nested = assertion.nested ?? [];
  const kind = assertion.localName.replace('Binding', '') as Binding['kind'];
  const holders = new Map<string, Token>();
  let suite: Suite | undefined;
  let layout: Secure['layout'] = 'Lax';
  const properties = new Map<string, Assertion>();
  for (const each of nested) {
    const { namespace, localName } = each;
    if (!SECURITY_POLICY.has(namespace)) unknown(each, assertion, findings);
    else if (localName === 'AlgorithmSuite') suite = readSuite(each, findings, signatureHash);
    else if (localName === 'Layout') layout = readLayout(each, findings);
    else if (HOLDERS.has(localName)) {
      const [token] = readTokens(each.nested ?? [], findings);
      if (token !== undefined) holders.set(localName, token);
      else
        findings.error('NotExpressible', each.name, each.place, 'names no token that is known; ask the partner which');
    } else if (PROPERTIES.has(localName)) properties.set(localName, each);
    else unknown(each, assertion, findings);
  }
  if (suite === undefined && !nested.some(({ localName }) => localName === 'AlgorithmSuite') && kind !== 'Transport') {
    findings.error(
      'NotExpressible',
      assertion.name,
      assertion.place,
      'has no algorithm suite; the defaults of Modern are used',
    );
  }
  const timestamp = properties.get('IncludeTimestamp');
  const encryptSignature = properties.get('EncryptSignature');
  const protectTokens = properties.get('ProtectTokens');
  return {
    ...{ kind, assertion, layout },
    ...(suite && { suite }),
    timestamp: timestamp !== undefined,
    order: properties.has('EncryptBeforeSigning') ? 'EncryptThenSign' : 'SignThenEncrypt',
    ...(encryptSignature && { encryptSignature }),
    ...(protectTokens && { protectTokens }),
    tokens: tokensOf(kind, holders),
  };
}

const PROPERTIES: ReadonlySet<string> = new Set([
  ...['IncludeTimestamp', 'EncryptBeforeSigning', 'SignBeforeEncrypting', 'EncryptSignature', 'ProtectTokens'],
  // What is signed is always a whole header block, and the whole Body or elements by name.
  'OnlySignEntireHeadersAndBody',
]);

function tokensOf(kind: Binding['kind'], holders: ReadonlyMap<string, Token>): Binding['tokens'] {
  const of = (...names: readonly string[]): Token | undefined => names.map((name) => holders.get(name)).find(Boolean);
  const pair = (signature: Token | undefined, encryption: Token | undefined): Binding['tokens']['input'] => ({
    ...(signature && { signature }),
    ...(encryption && { encryption }),
  });
  if (kind === 'Transport') {
    const transport = of('TransportToken');
    return { ...(transport && { transport }), input: {}, output: {} };
  }
  if (kind === 'Symmetric') {
    const both = pair(of('SignatureToken', 'ProtectionToken'), of('EncryptionToken', 'ProtectionToken'));
    return { input: both, output: both };
  }
  return {
    input: pair(of('InitiatorSignatureToken', 'InitiatorToken'), of('RecipientEncryptionToken', 'RecipientToken')),
    output: pair(of('RecipientSignatureToken', 'RecipientToken'), of('InitiatorEncryptionToken', 'InitiatorToken')),
  };
}

function readLayout(assertion: Assertion, findings: Findings): Secure['layout'] {
  const found = assertion.nested?.find(({ localName }) => LAYOUTS[localName] !== undefined);
  if (found !== undefined) return LAYOUTS[found.localName] ?? 'Lax';
  findings.error('NotExpressible', assertion.name, assertion.place, 'is of a kind that is not known; Lax is used');
  return 'Lax';
}

function unknown({ name, place, optional, ignorable }: Assertion, binding: Assertion, findings: Findings): void {
  if (optional || ignorable)
    findings.note('Chosen', name, place, 'is not known, and need not be; messages are without it');
  else
    findings.error('UnknownAssertion', name, place, `is not known in ${binding.name}; ask the partner what it demands`);
}
