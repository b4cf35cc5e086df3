/** Who an assertion is about, and how the sender has to prove that it may use it. */

import type { XmlIndex } from '../../xml/xml-index.ts';
import { LimitError, UnsupportedTokenError } from '../errors.ts';
import { DS } from '../namespaces.ts';
import type { Confirmation } from './identity.ts';
import { atMostOne, exactlyOne, invalid, nameOf, requiredName, timeOf } from './reading.ts';
import { SAML2, type SamlVersion } from './versions.ts';

export interface Subject {
  readonly name: string;
  readonly nameFormat?: string;
  /** NameQualifier and, in SAML 2.0, SPNameQualifier: the same name under another one is somebody else. */
  readonly qualifiers: string;
  readonly confirmations: readonly SubjectConfirmation[];
}

export interface SubjectConfirmation {
  /** Undefined for one that we do not know. */
  readonly method: Confirmation | undefined;
  /** The ds:KeyInfos of the keys whose holder is meant. */
  readonly keyInfos: readonly number[];
  readonly notBefore?: number;
  readonly notOnOrAfter?: number;
  readonly recipient?: string;
  readonly inResponseTo?: string;
  readonly address?: string;
  /** Whether it names somebody else who has to confirm the subject. */
  readonly namesAttester: boolean;
}

const MAX_STATEMENTS = 64;
const MAX_CONFIRMATIONS = 8;
const METHODS: ReadonlyMap<string, Confirmation> = new Map(
  ['urn:oasis:names:tc:SAML:2.0:cm:', 'urn:oasis:names:tc:SAML:1.0:cm:'].flatMap((prefix) => [
    [`${prefix}bearer`, 'Bearer'],
    [`${prefix}holder-of-key`, 'HolderOfKey'],
    [`${prefix}sender-vouches`, 'SenderVouches'],
  ]),
);
/** SAML 1.1: the statements that are about a subject. */
const SUBJECT_STATEMENTS: ReadonlySet<string> = new Set([
  'SubjectStatement',
  'AuthenticationStatement',
  'AttributeStatement',
  'AuthorizationDecisionStatement',
]);

/**
 * Reads the Subject of an assertion (SAML 2.0 Core §2.4), or those of its statements (SAML 1.1 Core §2.4.2).
 *
 * @throws SamlAssertionInvalidError also when they are not the same; UnsupportedTokenError for an encrypted name; LimitError
 */
export function readSubjects(
  index: XmlIndex,
  assertion: number,
  version: SamlVersion,
): readonly [Subject, ...Subject[]] {
  const { namespace } = version;
  if (version === SAML2) return [readSubject2(index, exactlyOne(index, assertion, namespace, 'Subject'), namespace)];
  const statements = index
    .children(assertion)
    .filter((child) => index.namespaceUri(child) === namespace && SUBJECT_STATEMENTS.has(index.localName(child)));
  if (statements.length > MAX_STATEMENTS) {
    throw new LimitError(`an assertion has more than ${MAX_STATEMENTS} statements`);
  }
  const [first, ...others] = statements.map((statement) =>
    readSubject1(index, exactlyOne(index, statement, namespace, 'Subject'), namespace),
  );
  if (first === undefined) throw invalid('it says nothing of a subject');
  if (others.some((other) => !isSameName(first, other))) throw invalid('its statements are about different subjects');
  return [first, ...others];
}

function isSameName(a: Subject, b: Subject): boolean {
  return a.name === b.name && a.nameFormat === b.nameFormat && a.qualifiers === b.qualifiers;
}

function readSubject2(index: XmlIndex, subject: number, namespace: string): Subject {
  if (index.child(subject, namespace, 'EncryptedID') !== -1) {
    throw new UnsupportedTokenError('the assertion has the name of its subject encrypted');
  }
  const confirmations = childrenOf(index, subject, namespace, 'SubjectConfirmation');
  return {
    ...readName(index, exactlyOne(index, subject, namespace, 'NameID')),
    confirmations: confirmations.map((confirmation) => readConfirmation2(index, confirmation, namespace)),
  };
}

function readName(index: XmlIndex, element: number): Omit<Subject, 'confirmations'> {
  const nameFormat = index.attribute(element, '', 'Format');
  const qualifiers = ['NameQualifier', 'SPNameQualifier'].map((name) => index.attribute(element, '', name) ?? null);
  return {
    name: nameOf(index, element),
    ...(nameFormat !== undefined && { nameFormat }),
    qualifiers: JSON.stringify(qualifiers),
  };
}

/** SAML 2.0 Core §2.4.1.1 to §2.4.1.3. */
function readConfirmation2(index: XmlIndex, element: number, namespace: string): SubjectConfirmation {
  const attesters = ['NameID', 'BaseID', 'EncryptedID'];
  const namesAttester = attesters.some((name) => index.child(element, namespace, name) !== -1);
  const method = METHODS.get(requiredName(index, element, 'Method'));
  const data = atMostOne(index, element, namespace, 'SubjectConfirmationData');
  if (data === -1) return { method, keyInfos: [], namesAttester };
  const notBefore = timeOf(index, data, 'NotBefore');
  const notOnOrAfter = timeOf(index, data, 'NotOnOrAfter');
  const recipient = index.attribute(data, '', 'Recipient');
  const inResponseTo = index.attribute(data, '', 'InResponseTo');
  const address = index.attribute(data, '', 'Address');
  return {
    method,
    keyInfos: childrenOf(index, data, DS, 'KeyInfo'),
    ...(notBefore !== undefined && { notBefore }),
    ...(notOnOrAfter !== undefined && { notOnOrAfter }),
    ...(recipient !== undefined && { recipient }),
    ...(inResponseTo !== undefined && { inResponseTo }),
    ...(address !== undefined && { address }),
    namesAttester,
  };
}

/** SAML 1.1 Core §2.4.2.3: the methods share what the confirmation says. */
function readSubject1(index: XmlIndex, subject: number, namespace: string): Subject {
  const confirmation = atMostOne(index, subject, namespace, 'SubjectConfirmation');
  const methods = confirmation === -1 ? [] : childrenOf(index, confirmation, namespace, 'ConfirmationMethod');
  const keyInfos = confirmation === -1 ? [] : childrenOf(index, confirmation, DS, 'KeyInfo');
  return {
    ...readName(index, exactlyOne(index, subject, namespace, 'NameIdentifier')),
    confirmations: methods.map((method) => ({
      method: METHODS.get(nameOf(index, method)),
      keyInfos,
      namesAttester: false,
    })),
  };
}

function childrenOf(index: XmlIndex, parent: number, namespace: string, localName: string): number[] {
  const children = index.children(parent).filter((child) => index.is(child, namespace, localName));
  if (children.length > MAX_CONFIRMATIONS) {
    throw new LimitError(`${index.localName(parent)} has more than ${MAX_CONFIRMATIONS} ${localName}`);
  }
  return children;
}
