/** SAML assertions made by hand, signed with real keys, and the messages that carry them. */

import { createHash, sign, type KeyObject } from 'node:crypto';
import { TrustStore } from '../../extproc/keys/trust-store.ts';
import { DS, STR_TRANSFORM, WSSE } from '../../extproc/wss/namespaces.ts';
import type { VerifySamlSettings } from '../../extproc/wss/saml/settings.ts';
import { SAML1, SAML2 } from '../../extproc/wss/saml/versions.ts';
import type { VerifySettings } from '../../extproc/wss/settings.ts';
import { canonicalize } from '../../extproc/xml/c14n.ts';
import { scan } from '../../extproc/xml/scan.ts';
import { testKey } from '../support/test-keys.ts';
import { createPki, issue } from '../support/pki.ts';
import { at, BODY, EXC, pki, reference, settings, signatureSettings, TIMESTAMP } from './forge.ts';

/** Issues assertions. Its certificate is from the same authority as everybody's. */
export const issuer = issue({
  subject: 'CN=idp,O=Waxseal,C=DE',
  key: testKey('rsa2048', 'idp'),
  issuer: createPki().intermediate,
  keyUsage: ['digitalSignature'],
});

export const ISSUER = 'https://idp.example';
export const AUDIENCE = 'urn:orders';

/** `verify.saml` that trusts `issuer` and nobody else. */
export function samlSettings(changes: Partial<VerifySamlSettings> = {}): VerifySamlSettings {
  return {
    versions: ['1.1', '2.0'],
    trust: new TrustStore({ anchors: [], pinned: [issuer.certificate] }),
    accept: { algorithms: ['RSA-SHA256', 'ECDSA-SHA256'], digests: ['SHA256'], canonicalizations: ['ExclusiveC14N'] },
    issuers: [ISSUER],
    audiences: [AUDIENCE],
    recipients: [],
    confirmations: ['HolderOfKey', 'SenderVouches'],
    signatureRequired: true,
    clockSkew: 60_000,
    maxLifetime: 3_600_000,
    ...changes,
  };
}

/** A policy that demands an assertion and nothing of the message around it. */
export function bearerSettings(changes: Partial<VerifySamlSettings> = {}): VerifySettings {
  return settings({
    timestamp: undefined,
    signature: undefined,
    saml: samlSettings({ confirmations: ['Bearer'], ...changes }),
  });
}

/** A policy that demands a signature over Timestamp and Body by the holder of the assertion's key. */
export function holderSettings(changes: Partial<VerifySettings> = {}): VerifySettings {
  const signature = signatureSettings({ trust: undefined, requiredParts: [BODY, TIMESTAMP] });
  return settings({ signature, saml: samlSettings({ confirmations: ['HolderOfKey'] }), ...changes });
}

/** A policy that demands that a trusted sender vouches. */
export function voucherSettings(changes: Partial<VerifySamlSettings> = {}): VerifySettings {
  return settings({ saml: samlSettings({ confirmations: ['SenderVouches'], ...changes }) });
}

export interface AssertionParts {
  readonly id?: string;
  readonly issuer?: string;
  readonly issued?: string;
  readonly attributes?: string;
  readonly name?: string;
  readonly subject?: string;
  readonly method?: 'bearer' | 'holder-of-key' | 'sender-vouches';
  readonly data?: string;
  readonly conditions?: string;
  readonly statements?: string;
  /** Where the Signature goes; `''`: the assertion is not signed. */
  readonly signature?: string;
  readonly advice?: string;
}

const audience = `<a:AudienceRestriction><a:Audience>${AUDIENCE}</a:Audience></a:AudienceRestriction>`;
export const conditions = (
  content = audience,
  attributes = `NotBefore="${at(-60_000)}" NotOnOrAfter="${at(600_000)}"`,
) => `<a:Conditions ${attributes}>${content}</a:Conditions>`;

/** An assertion of SAML 2.0 with an empty Signature, for {@link issueAssertion}. */
export function assertion2(parts: AssertionParts = {}): string {
  const { id = 'A-1', method = 'bearer', name = '<a:NameID Format="urn:f">alice</a:NameID>' } = parts;
  const confirmation = `<a:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:${method}">${parts.data ?? ''}</a:SubjectConfirmation>`;
  const role =
    '<a:AttributeStatement><a:Attribute Name="role"><a:AttributeValue>clerk</a:AttributeValue>' +
    '<a:AttributeValue>buyer</a:AttributeValue></a:Attribute></a:AttributeStatement>';
  return (
    `<a:Assertion xmlns:a="${SAML2.namespace}" ID="${id}" Version="2.0" IssueInstant="${parts.issued ?? at(-60_000)}"${parts.attributes ?? ''}>` +
    `<a:Issuer>${parts.issuer ?? ISSUER}</a:Issuer>${parts.signature ?? issuerSignature(id)}` +
    `${parts.subject ?? `<a:Subject>${name}${confirmation}</a:Subject>`}${parts.conditions ?? conditions()}` +
    `${parts.advice ?? ''}${parts.statements ?? role}</a:Assertion>`
  );
}

/** The same of SAML 1.1. */
export function assertion1(parts: AssertionParts = {}): string {
  const { id = 'A-1', method = 'bearer', name = '<a:NameIdentifier Format="urn:f">alice</a:NameIdentifier>' } = parts;
  const confirmation = `<a:SubjectConfirmation><a:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:${method}</a:ConfirmationMethod>${parts.data ?? ''}</a:SubjectConfirmation>`;
  const subject = parts.subject ?? `<a:Subject>${name}${confirmation}</a:Subject>`;
  const restricted = `<a:AudienceRestrictionCondition><a:Audience>${AUDIENCE}</a:Audience></a:AudienceRestrictionCondition>`;
  return (
    `<a:Assertion xmlns:a="${SAML1.namespace}" AssertionID="${id}" MajorVersion="1" MinorVersion="1"` +
    ` Issuer="${parts.issuer ?? ISSUER}" IssueInstant="${parts.issued ?? at(-60_000)}"${parts.attributes ?? ''}>` +
    `${parts.conditions ?? conditions(restricted)}${parts.advice ?? ''}` +
    (parts.statements ??
      `<a:AuthenticationStatement AuthenticationInstant="${at(-60_000)}" AuthenticationMethod="urn:m">${subject}</a:AuthenticationStatement>` +
        `<a:AttributeStatement>${subject}<a:Attribute AttributeName="role" AttributeNamespace="urn:n"><a:AttributeValue>clerk</a:AttributeValue></a:Attribute></a:AttributeStatement>`) +
    `${parts.signature ?? issuerSignature(id)}</a:Assertion>`
  );
}

export const ENVELOPED = `<ds:Transform Algorithm="${DS}enveloped-signature"/><ds:Transform Algorithm="${EXC}"/>`;

/** A Signature without values. */
export function issuerSignature(
  id: string,
  changes: { references?: string; keyInfo?: string; method?: string } = {},
): string {
  const references = changes.references ?? reference(id, ENVELOPED);
  const keyInfo =
    changes.keyInfo ??
    `<ds:X509Data><ds:X509Certificate>${issuer.certificate.base64}</ds:X509Certificate></ds:X509Data>`;
  return (
    `<ds:Signature xmlns:ds="${DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="${EXC}"/>` +
    `<ds:SignatureMethod Algorithm="${changes.method ?? 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'}"/>` +
    `${references}</ds:SignedInfo><ds:SignatureValue></ds:SignatureValue><ds:KeyInfo>${keyInfo}</ds:KeyInfo></ds:Signature>`
  );
}

/** Fills in DigestValue and SignatureValue of the first Signature of an assertion, which stands alone. */
export function issueAssertion(xml: string, key: KeyObject = issuer.key): string {
  const options = { mode: 'exclusive', comments: false } as const;
  const index = scan(Buffer.from(xml));
  const [signature = -1] = index.children(0).filter((child) => index.is(child, DS, 'Signature'));
  if (signature === -1) return xml;
  const octets = canonicalize(index, 0, { ...options, omitted: signature });
  const digest = createHash('sha256').update(octets).digest('base64');
  const digested = xml.replace('<ds:DigestValue></ds:DigestValue>', `<ds:DigestValue>${digest}</ds:DigestValue>`);
  const again = scan(Buffer.from(digested));
  const value = sign('sha256', canonicalize(again, signature + 1, options), key).toString('base64');
  return digested.replace('<ds:SignatureValue></ds:SignatureValue>', `<ds:SignatureValue>${value}</ds:SignatureValue>`);
}

/** SubjectConfirmationData, or in SAML 1.1 what stands for it, with the key of a certificate. */
export function holderData(content: string, version: '1.1' | '2.0' = '2.0'): string {
  const keyInfo = `<ds:KeyInfo xmlns:ds="${DS}">${content}</ds:KeyInfo>`;
  return version === '1.1' ? keyInfo : `<a:SubjectConfirmationData>${keyInfo}</a:SubjectConfirmationData>`;
}
export const holderCertificate = (identity = pki.signer): string =>
  `<ds:X509Data><ds:X509Certificate>${identity.certificate.base64}</ds:X509Certificate></ds:X509Data>`;

/** A SecurityTokenReference to an assertion by its identifier. */
export const samlReference = (id = 'A-1', version: '1.1' | '2.0' = '2.0', attributes = ''): string =>
  `<wsse:SecurityTokenReference xmlns:wsse="${WSSE}"${attributes}><wsse:KeyIdentifier ValueType="${
    version === '1.1' ? SAML1.valueType : SAML2.valueType
  }">${id}</wsse:KeyIdentifier></wsse:SecurityTokenReference>`;

/** The transform that signs the token behind a SecurityTokenReference. */
export const STR = `<ds:Transform Algorithm="${STR_TRANSFORM}"><wsse:TransformationParameters xmlns:wsse="${WSSE}"><ds:CanonicalizationMethod Algorithm="${EXC}"/></wsse:TransformationParameters></ds:Transform>`;
