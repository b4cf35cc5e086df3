/**
 * The WS-I Basic Security Profile 1.1, for policies with `bspCompliance: Strict`: rules about how a message looks, most of
 * which security does not need. Those that it needs hold in every policy, under their own errors.
 */

import { XENC } from '../namespaces.ts';
import { BspViolationError } from '../errors.ts';
import type { SoapMessage } from '../soap.ts';
import { ENCRYPTION_RULES } from './encryption-rules.ts';
import type { BspRule } from './rule.ts';
import { SIGNATURE_RULES } from './signature-rules.ts';
import { TIMESTAMP_RULES } from './timestamp-rules.ts';
import { TOKEN_RULES } from './token-rules.ts';

/** All rules that are checked, by their ids. */
export const BSP_RULES: readonly BspRule[] = [
  ...TIMESTAMP_RULES,
  ...TOKEN_RULES,
  ...SIGNATURE_RULES,
  ...ENCRYPTION_RULES,
];

const keyOf = (namespace: string, localName: string): string => `${localName} ${namespace}`;
const byElement = Map.groupBy(BSP_RULES, ({ of: [namespace, localName] }) => keyOf(namespace, localName));

export interface BspViolation {
  readonly id: string;
  readonly text: string;
}

/**
 * The rules that a message breaks: its Security header, and what is encrypted anywhere in it.
 *
 * @param security our actor's Security header
 * @param ignored ids of rules that do not count
 * @returns each rule once, in the order in which it is first broken
 */
export function bspViolations({ index }: SoapMessage, security: number, ignored: ReadonlySet<string>): BspViolation[] {
  const broken = new Map<string, BspViolation>();
  const look = (element: number): void => {
    for (const rule of byElement.get(keyOf(index.namespaceUri(element), index.localName(element))) ?? []) {
      if (ignored.has(rule.id) || broken.has(rule.id) || !rule.broken(index, element)) continue;
      broken.set(rule.id, { id: rule.id, text: rule.text });
    }
  };
  const end = index.subtreeEnd(security);
  for (let element = security; element < end; element++) look(element);
  for (let element = 0; element < index.elementCount; element++) {
    if (element >= security && element < end) continue;
    if (index.is(element, XENC, 'EncryptedData')) {
      for (let inside = element; inside < index.subtreeEnd(element); inside++) look(inside);
      element = index.subtreeEnd(element) - 1;
    } else if (index.localName(element) === 'EncryptedHeader') look(element);
  }
  return [...broken.values()];
}

/** @throws BspViolationError that names every rule which is broken */
export function checkBsp(message: SoapMessage, security: number, ignored: ReadonlySet<string>): void {
  const violations = bspViolations(message, security, ignored);
  if (violations.length === 0) return;
  throw new BspViolationError(violations.map(({ id, text }) => `${id}: ${text}`).join('; '));
}
