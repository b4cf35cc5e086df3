/** What an assertion says, before anybody has asked whether it is true. */

import type { XmlIndex } from '../../xml/xml-index.ts';
import { DS } from '../namespaces.ts';
import { readAttributes } from './attributes.ts';
import { readConditions, type Conditions } from './conditions.ts';
import { atMostOne, exactlyOne, invalid, nameOf, requiredName, timeOf } from './reading.ts';
import { readSubjects, type Subject } from './subject.ts';
import { SAML_VERSIONS, SAML2, type SamlVersion } from './versions.ts';

/** An assertion as it stands. Elements are numbers of the index that it was read from. */
export interface Assertion {
  readonly version: SamlVersion;
  readonly id: string;
  readonly issuer: string;
  /** IssueInstant. All times are milliseconds since 1970. */
  readonly issued: number;
  /** Its own ds:Signature, or -1. */
  readonly signature: number;
  readonly conditions: Conditions;
  /** One in SAML 2.0; in SAML 1.1 that of each statement. All have the same name. */
  readonly subjects: readonly [Subject, ...Subject[]];
  readonly attributes: ReadonlyMap<string, readonly string[]>;
  /** When the subject authenticated itself to the issuer, as each statement says. */
  readonly authenticated: readonly number[];
  /** When the session of each statement ends. */
  readonly sessionEnds: readonly number[];
}

/**
 * Reads an assertion (SAML 2.0 Core §2.3.3, SAML 1.1 Core §2.3.2).
 *
 * @throws SamlAssertionInvalidError, SamlConditionUnknownError, UnsupportedTokenError, LimitError
 */
export function readAssertion(index: XmlIndex, element: number): Assertion {
  const version = SAML_VERSIONS.find(({ namespace }) => index.is(element, namespace, 'Assertion'));
  if (version === undefined) throw invalid('it is no Assertion of SAML 1.1 or 2.0');
  if (index.hasCommentOrPi(element)) throw invalid('it holds a comment or processing instruction');
  checkVersion(index, element, version);
  const issued = timeOf(index, element, 'IssueInstant');
  if (issued === undefined) throw invalid('it has no IssueInstant');
  const { namespace } = version;
  const authenticationStatement = version === SAML2 ? 'AuthnStatement' : 'AuthenticationStatement';
  const statements = index.children(element).filter((child) => index.is(child, namespace, authenticationStatement));
  const instant = version === SAML2 ? 'AuthnInstant' : 'AuthenticationInstant';
  return {
    version,
    id: requiredName(index, element, version.idAttribute),
    issuer: issuerOf(index, element, version),
    issued,
    signature: atMostOne(index, element, DS, 'Signature'),
    conditions: readConditions(index, element, version),
    subjects: readSubjects(index, element, version),
    attributes: readAttributes(index, element, version),
    authenticated: statements.flatMap((statement) => timeOf(index, statement, instant) ?? []),
    sessionEnds: statements.flatMap((statement) => timeOf(index, statement, 'SessionNotOnOrAfter') ?? []),
  };
}

function checkVersion(index: XmlIndex, element: number, version: SamlVersion): void {
  const said =
    version === SAML2
      ? index.attribute(element, '', 'Version')
      : `${index.attribute(element, '', 'MajorVersion')}.${index.attribute(element, '', 'MinorVersion')}`;
  if (said !== version.name) throw invalid(`it does not say that it is of version ${version.name}`);
}

function issuerOf(index: XmlIndex, element: number, version: SamlVersion): string {
  if (version !== SAML2) return requiredName(index, element, 'Issuer');
  return nameOf(index, exactlyOne(index, element, version.namespace, 'Issuer'));
}
