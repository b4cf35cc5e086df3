/**
 * Assertions as text that is its own exclusive canonical form, the place for the signature left open: each namespace is
 * declared where it is first used, attributes are in order, no element is written empty.
 */

import { escapeAttribute, escapeText } from '../../xml/escape.ts';
import { authnUri } from './authn-context.ts';
import type { AssertionAttribute, AssertionContent, AssertionSettings } from './create-settings.ts';
import type { Confirmation } from './identity.ts';
import { SAML1, SAML2 } from './versions.ts';

/** What an assertion consists of besides its policy's settings. */
export interface AssertionFacts extends AssertionContent {
  readonly id: string;
  /** As xs:dateTime in UTC. */
  readonly instant: string;
  readonly notBefore: string;
  readonly notOnOrAfter: string;
  /** Canonical ds:KeyInfo of the holder's key; absent: no key confirms the subject. */
  readonly holderKeyInfo?: string;
}

/** The signature goes between the two. */
export interface AssertionText {
  readonly before: string;
  readonly after: string;
}

const XSI = 'http://www.w3.org/2001/XMLSchema-instance';

const methods: Readonly<Record<Confirmation, Readonly<Record<'1.1' | '2.0', string>>>> = {
  Bearer: { '1.1': 'urn:oasis:names:tc:SAML:1.0:cm:bearer', '2.0': 'urn:oasis:names:tc:SAML:2.0:cm:bearer' },
  HolderOfKey: {
    '1.1': 'urn:oasis:names:tc:SAML:1.0:cm:holder-of-key',
    '2.0': 'urn:oasis:names:tc:SAML:2.0:cm:holder-of-key',
  },
  SenderVouches: {
    '1.1': 'urn:oasis:names:tc:SAML:1.0:cm:sender-vouches',
    '2.0': 'urn:oasis:names:tc:SAML:2.0:cm:sender-vouches',
  },
};

/** Writes an assertion of SAML 2.0 (SAML 2.0 Core §2); its signature follows the Issuer. */
export function saml2Text(settings: AssertionSettings, facts: AssertionFacts): AssertionText {
  const { id, instant, notBefore, notOnOrAfter, subject, attributes } = facts;
  const audiences = settings.audiences.map((audience) => element('saml2:Audience', escapeText(audience)));
  const conditions =
    (audiences.length === 0 ? '' : element('saml2:AudienceRestriction', audiences.join(''))) +
    (settings.oneTimeUse ? element('saml2:OneTimeUse', '') : '');
  const context = element('saml2:AuthnContextClassRef', escapeText(authnUri(facts.authn, '2.0')));
  return {
    before:
      `<saml2:Assertion xmlns:saml2="${SAML2.namespace}" ID="${id}" IssueInstant="${instant}" Version="2.0">` +
      element('saml2:Issuer', escapeText(settings.issuer)),
    after:
      `<saml2:Subject><saml2:NameID Format="${escapeAttribute(subject.format)}">${escapeText(subject.name)}</saml2:NameID>` +
      `<saml2:SubjectConfirmation Method="${methods[settings.confirmation]['2.0']}">` +
      `${confirmationData(settings.confirmation, facts)}</saml2:SubjectConfirmation></saml2:Subject>` +
      `<saml2:Conditions NotBefore="${notBefore}" NotOnOrAfter="${notOnOrAfter}">${conditions}</saml2:Conditions>` +
      `<saml2:AuthnStatement AuthnInstant="${instant}">${element('saml2:AuthnContext', context)}</saml2:AuthnStatement>` +
      (attributes.length === 0 ? '' : element('saml2:AttributeStatement', attributes.map(saml2Attribute).join(''))) +
      '</saml2:Assertion>',
  };
}

/** A bearer's data must say how long it may be believed (SAML 2.0 Profiles §4.1.4.2). */
function confirmationData(confirmation: Confirmation, { notOnOrAfter, holderKeyInfo }: AssertionFacts): string {
  if (confirmation === 'Bearer') {
    return `<saml2:SubjectConfirmationData NotOnOrAfter="${notOnOrAfter}"></saml2:SubjectConfirmationData>`;
  }
  if (holderKeyInfo === undefined) return '';
  return (
    `<saml2:SubjectConfirmationData xmlns:xsi="${XSI}" xsi:type="saml2:KeyInfoConfirmationDataType">` +
    `${holderKeyInfo}</saml2:SubjectConfirmationData>`
  );
}

function saml2Attribute({ name, nameFormat, values }: AssertionAttribute): string {
  const format = nameFormat === undefined ? '' : ` NameFormat="${escapeAttribute(nameFormat)}"`;
  const texts = values.map((value) => element('saml2:AttributeValue', escapeText(value)));
  return `<saml2:Attribute Name="${escapeAttribute(name)}"${format}>${texts.join('')}</saml2:Attribute>`;
}

/** Writes an assertion of SAML 1.1 (SAML 1.1 Core §2); its signature comes last. */
export function saml1Text(settings: AssertionSettings, facts: AssertionFacts): AssertionText {
  const { id, instant, notBefore, notOnOrAfter, attributes } = facts;
  const audiences = settings.audiences.map((audience) => element('saml1:Audience', escapeText(audience)));
  const conditions =
    (audiences.length === 0 ? '' : element('saml1:AudienceRestrictionCondition', audiences.join(''))) +
    (settings.oneTimeUse ? element('saml1:DoNotCacheCondition', '') : '');
  const subject = saml1Subject(settings, facts);
  return {
    before:
      `<saml1:Assertion xmlns:saml1="${SAML1.namespace}" AssertionID="${id}" IssueInstant="${instant}"` +
      ` Issuer="${escapeAttribute(settings.issuer)}" MajorVersion="1" MinorVersion="1">` +
      `<saml1:Conditions NotBefore="${notBefore}" NotOnOrAfter="${notOnOrAfter}">${conditions}</saml1:Conditions>` +
      `<saml1:AuthenticationStatement AuthenticationInstant="${instant}"` +
      ` AuthenticationMethod="${escapeAttribute(authnUri(facts.authn, '1.1'))}">${subject}</saml1:AuthenticationStatement>` +
      (attributes.length === 0
        ? ''
        : element('saml1:AttributeStatement', subject + attributes.map(saml1Attribute).join(''))),
    after: '</saml1:Assertion>',
  };
}

function saml1Subject({ confirmation }: AssertionSettings, { subject, holderKeyInfo = '' }: AssertionFacts): string {
  const method = element('saml1:ConfirmationMethod', methods[confirmation]['1.1']);
  return (
    `<saml1:Subject><saml1:NameIdentifier Format="${escapeAttribute(subject.format)}">${escapeText(subject.name)}` +
    `</saml1:NameIdentifier>${element('saml1:SubjectConfirmation', method + holderKeyInfo)}</saml1:Subject>`
  );
}

function saml1Attribute({ name, nameFormat = '', values }: AssertionAttribute): string {
  const texts = values.map((value) => element('saml1:AttributeValue', escapeText(value)));
  return (
    `<saml1:Attribute AttributeName="${escapeAttribute(name)}" AttributeNamespace="${escapeAttribute(nameFormat)}">` +
    `${texts.join('')}</saml1:Attribute>`
  );
}

function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}
