/** Supporting tokens of all kinds (WS-SecurityPolicy 1.3 §8). */

import type { Findings } from '../finding.ts';
import { SECURITY_POLICY } from '../ws-policy/namespaces.ts';
import type { Assertion } from '../ws-policy/policy.ts';
import { PART_ASSERTIONS, readProtection, type Protection } from './parts.ts';
import { isToken, readTokens, type Token } from './tokens.ts';

export interface SupportingToken {
  readonly token: Token;
  /** `sp:SignedSupportingTokens` and so on. */
  readonly assertion: Assertion;
  /** The message signature covers the token. */
  readonly signed: boolean;
  /** The token signs the message signature. */
  readonly endorsing: boolean;
  readonly encrypted: boolean;
  /** Parts that the token itself signs or that are protected for it. */
  readonly protection: Protection;
}

export const SUPPORTING: ReadonlySet<string> = new Set([
  ...['SupportingTokens', 'SignedSupportingTokens', 'EncryptedSupportingTokens', 'SignedEncryptedSupportingTokens'],
  ...['EndorsingSupportingTokens', 'SignedEndorsingSupportingTokens', 'EndorsingEncryptedSupportingTokens'],
  'SignedEndorsingEncryptedSupportingTokens',
]);

const isSupporting = ({ namespace, localName }: Assertion): boolean =>
  SECURITY_POLICY.has(namespace) && SUPPORTING.has(localName);

/** @param output assertions about answers only, in which supporting tokens cannot be */
export function readSupportingTokens(
  assertions: readonly Assertion[],
  output: readonly Assertion[],
  findings: Findings,
): SupportingToken[] {
  for (const { name, place } of output.filter(isSupporting)) {
    findings.error(
      'NotExpressible',
      name,
      place,
      'tokens of the answer are not supported; only requests get supporting tokens',
    );
  }
  return assertions.filter(isSupporting).flatMap((assertion): SupportingToken[] => {
    const { localName, nested = [] } = assertion;
    const protection = readProtection(nested, findings);
    for (const each of nested) {
      if (isToken(each) || (SECURITY_POLICY.has(each.namespace) && PART_ASSERTIONS.has(each.localName))) continue;
      if (each.optional || each.ignorable) continue;
      findings.error(
        'NotExpressible',
        each.name,
        each.place,
        `cannot be said of ${assertion.name} alone; what the binding says holds`,
      );
    }
    return readTokens(nested, findings).map((token) => ({
      ...{ token, assertion, protection },
      signed: localName.startsWith('Signed'),
      endorsing: localName.includes('Endorsing'),
      encrypted: localName.includes('Encrypted'),
    }));
  });
}
