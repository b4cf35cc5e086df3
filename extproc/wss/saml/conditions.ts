import type { XmlIndex } from '../../xml/xml-index.ts';
import { LimitError } from '../errors.ts';
import { SamlConditionUnknownError } from './errors.ts';
import { atMostOne, invalid, nameOf, timeOf } from './reading.ts';
import { SAML2, type SamlVersion } from './versions.ts';

/** Under which conditions an assertion may be believed. Times are milliseconds since 1970. */
export interface Conditions {
  readonly notBefore?: number;
  readonly notOnOrAfter?: number;
  /** Of each restriction the audiences one of which has to be the receiver; every restriction must hold. */
  readonly audiences: readonly (readonly string[])[];
  /** Whether it may be believed once only: OneTimeUse, or DoNotCacheCondition of SAML 1.1. */
  readonly oneTimeUse: boolean;
}

const MAX_AUDIENCES = 256;

/**
 * Reads the Conditions of an assertion (SAML 2.0 Core §2.5, SAML 1.1 Core §2.3.2.1).
 *
 * ProxyRestriction binds those who issue assertions of their own on the strength of this one, which nobody here does.
 *
 * @throws SamlConditionUnknownError for a condition of any other kind; SamlAssertionInvalidError, LimitError
 */
export function readConditions(index: XmlIndex, assertion: number, version: SamlVersion): Conditions {
  const { namespace } = version;
  const element = atMostOne(index, assertion, namespace, 'Conditions');
  if (element === -1) return { audiences: [], oneTimeUse: false };
  const notBefore = timeOf(index, element, 'NotBefore');
  const notOnOrAfter = timeOf(index, element, 'NotOnOrAfter');
  if (notBefore !== undefined && notOnOrAfter !== undefined && notOnOrAfter <= notBefore) {
    throw invalid('it ends before it begins');
  }
  const audiences: string[][] = [];
  let oneTimeUse = false;
  let count = 0;
  const restriction = version === SAML2 ? 'AudienceRestriction' : 'AudienceRestrictionCondition';
  const once = version === SAML2 ? 'OneTimeUse' : 'DoNotCacheCondition';
  for (const child of index.children(element)) {
    if (index.is(child, namespace, restriction)) {
      const named = readAudiences(index, child, namespace);
      count += named.length + 1;
      if (count > MAX_AUDIENCES) throw new LimitError(`an assertion is for more than ${MAX_AUDIENCES} audiences`);
      audiences.push(named);
    } else if (index.is(child, namespace, once)) oneTimeUse = true;
    else if (version !== SAML2 || !index.is(child, namespace, 'ProxyRestriction')) {
      throw new SamlConditionUnknownError('the assertion has a condition that is not known');
    }
  }
  return {
    ...(notBefore !== undefined && { notBefore }),
    ...(notOnOrAfter !== undefined && { notOnOrAfter }),
    audiences,
    oneTimeUse,
  };
}

function readAudiences(index: XmlIndex, restriction: number, namespace: string): string[] {
  const children = index.children(restriction);
  if (children.length === 0 || children.some((child) => !index.is(child, namespace, 'Audience'))) {
    throw invalid(`${index.localName(restriction)} does not name audiences`);
  }
  return children.map((child) => nameOf(index, child));
}
