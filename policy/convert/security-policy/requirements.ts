/** One alternative of an effective policy -> what it demands of messages, with everything that is not known named. */

import type { Findings } from '../finding.ts';
import { SECURITY_POLICY } from '../ws-policy/namespaces.ts';
import type { Assertion } from '../ws-policy/policy.ts';
import { isAddressing, readAddressing, type AddressingDemand } from './addressing-demand.ts';
import { readBinding, type Binding } from './binding.ts';
import { PART_ASSERTIONS, readProtection, type Protection } from './parts.ts';
import type { Hash } from './suites.ts';
import { readSupportingTokens, SUPPORTING, type SupportingToken } from './supporting.ts';
import type { References } from './tokens.ts';

/** The assertions of one alternative, by what they are attached to. */
export interface Scopes {
  /** Service, port, binding and operation: they hold for requests and answers. */
  readonly both: readonly Assertion[];
  readonly input: readonly Assertion[];
  readonly output: readonly Assertion[];
}

/** §10. */
export interface Trust {
  readonly version: '1.3' | '2005-02';
  readonly clientEntropy: boolean;
  readonly serverEntropy: boolean;
  readonly appliesTo: boolean;
}

export interface Requirements {
  readonly binding?: Binding;
  readonly supporting: readonly SupportingToken[];
  readonly references: References;
  /** `sp:RequireSignatureConfirmation` */
  readonly confirmation?: Assertion;
  readonly trust?: Trust;
  readonly addressing?: AddressingDemand;
  readonly input: Protection;
  readonly output: Protection;
}

const RAMPART = 'http://ws.apache.org/rampart/policy';
/** WS-MTOMPolicy 1.0 and 1.1. */
const MTOM: ReadonlySet<string> = new Set([
  'http://schemas.xmlsoap.org/ws/2004/09/policy/optimizedmimeserialization',
  'http://www.w3.org/2007/08/soap12-mtom-policy',
]);
const BINDINGS: ReadonlySet<string> = new Set(['TransportBinding', 'SymmetricBinding', 'AsymmetricBinding']);
/** What a partner is able to do is nothing that messages must show. */
const WSS = [
  ...['MustSupportRefKeyIdentifier', 'MustSupportRefIssuerSerial', 'MustSupportRefExternalURI'],
  ...['MustSupportRefEmbeddedToken', 'MustSupportRefThumbprint', 'MustSupportRefEncryptedKey'],
];
const TRUST = [
  ...['MustSupportClientChallenge', 'MustSupportServerChallenge', 'MustSupportIssuedTokens'],
  ...['RequireRequestSecurityTokenCollection', 'ScopePolicy15', 'MustSupportInteractiveChallenge'],
];

export function readRequirements(scopes: Scopes, findings: Findings, signatureHash: Hash | undefined): Requirements {
  const all = [...scopes.both, ...scopes.input, ...scopes.output];
  for (const assertion of all) if (!isKnown(assertion)) unknown(assertion, findings);
  const of = (names: readonly string[]): Assertion[] =>
    all.filter(({ namespace, localName }) => SECURITY_POLICY.has(namespace) && names.includes(localName));
  const bindings = of([...BINDINGS]);
  if (bindings.length > 1 && new Set(bindings.map(({ localName }) => localName)).size > 1) {
    findings.error(
      'NotExpressible',
      bindings[1].name,
      bindings[1].place,
      `stands beside ${bindings[0].name}; only the first is converted`,
    );
  }
  const wss = of(['Wss10', 'Wss11']).flatMap(({ nested = [] }) => nested);
  const names = new Set(wss.map(({ localName }) => localName));
  const confirmation = wss.find(({ localName }) => localName === 'RequireSignatureConfirmation');
  for (const each of wss) {
    if (each !== confirmation && !WSS.includes(each.localName)) unknown(each, findings);
  }
  const trust = readTrust(of(['Trust10', 'Trust13']), findings);
  const addressing = readAddressing(all);
  return {
    ...(bindings[0] && { binding: readBinding(bindings[0], findings, signatureHash) }),
    supporting: readSupportingTokens([...scopes.both, ...scopes.input], scopes.output, findings),
    references: {
      thumbprint: names.has('MustSupportRefThumbprint'),
      keyIdentifier: names.has('MustSupportRefKeyIdentifier'),
      issuerSerial: names.has('MustSupportRefIssuerSerial'),
    },
    ...(confirmation && { confirmation }),
    ...(trust && { trust }),
    ...(addressing && { addressing }),
    input: readProtection([...scopes.both, ...scopes.input], findings),
    output: readProtection([...scopes.both, ...scopes.output], findings),
  };
}

function isKnown(assertion: Assertion): boolean {
  const { namespace, localName } = assertion;
  if (isAddressing(assertion)) return true;
  if (!SECURITY_POLICY.has(namespace)) return false;
  return (
    BINDINGS.has(localName) ||
    PART_ASSERTIONS.has(localName) ||
    SUPPORTING.has(localName) ||
    ['Wss10', 'Wss11', 'Trust10', 'Trust13'].includes(localName)
  );
}

function unknown({ namespace, name, place, ignorable, optional }: Assertion, findings: Findings): void {
  if (namespace === RAMPART) {
    findings.note(
      'NoCounterpart',
      name,
      place,
      'is configuration of Rampart itself: its users and keystores belong into the objects that the policy refers to',
    );
  } else if (MTOM.has(namespace)) {
    findings.note(
      'NoCounterpart',
      name,
      place,
      'is left to the parties themselves: a policy takes messages in MTOM and others, and leaves them what they are',
    );
  } else if (ignorable) {
    findings.note('Chosen', name, place, 'is not known, and marked as ignorable');
  } else if (optional) {
    findings.note('Chosen', name, place, 'is not known, and optional; messages are without it');
  } else {
    findings.error(
      'UnknownAssertion',
      name,
      place,
      'is not known here; find out what it demands, and do that elsewhere',
    );
  }
}

function readTrust(assertions: readonly Assertion[], findings: Findings): Trust | undefined {
  const [first] = assertions;
  if (first === undefined) return undefined;
  const nested = assertions.flatMap((each) => each.nested ?? []);
  const has = (name: string): boolean => nested.some(({ localName }) => localName === name);
  for (const each of nested) {
    if (TRUST.includes(each.localName)) continue;
    if (!['RequireClientEntropy', 'RequireServerEntropy', 'RequireAppliesTo'].includes(each.localName))
      unknown(each, findings);
  }
  return {
    version: first.localName === 'Trust10' ? '2005-02' : '1.3',
    clientEntropy: has('RequireClientEntropy'),
    serverEntropy: has('RequireServerEntropy'),
    appliesTo: has('RequireAppliesTo'),
  };
}
