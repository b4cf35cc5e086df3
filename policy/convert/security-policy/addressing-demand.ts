/** Assertions that demand WS-Addressing headers (WS-Addressing 1.0 Metadata §3.1, and what came before it). */

import type { Addressing } from '../../../crds/types.ts';
import type { Place } from '../finding.ts';
import { WSAM, WSAP_2004, WSAW } from '../ws-policy/namespaces.ts';
import type { Assertion } from '../ws-policy/policy.ts';

export interface AddressingDemand {
  readonly version: Addressing['version'];
  /** Answers to the sender only: `wsam:AnonymousResponses`. */
  readonly name: string;
  readonly place: Place;
  /** Answers go to another address than the sender's: `wsam:NonAnonymousResponses`. */
  readonly elsewhere?: Assertion;
}

const ASSERTIONS: ReadonlyMap<string, Addressing['version']> = new Map([
  [`${WSAM} Addressing`, '1.0'],
  [`${WSAW} UsingAddressing`, '1.0'],
  [`${WSAP_2004} UsingAddressing`, '2004/08'],
]);

export function isAddressing({ namespace, localName }: Assertion): boolean {
  return ASSERTIONS.has(`${namespace} ${localName}`);
}

export function readAddressing(assertions: readonly Assertion[]): AddressingDemand | undefined {
  const found = assertions.find(isAddressing);
  if (found === undefined) return undefined;
  const { namespace, localName, name, place, nested = [] } = found;
  const elsewhere = nested.find((each) => each.localName === 'NonAnonymousResponses');
  return {
    version: ASSERTIONS.get(`${namespace} ${localName}`) ?? '1.0',
    ...{ name, place },
    ...(elsewhere && { elsewhere }),
  };
}
