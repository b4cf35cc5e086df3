/** What is to be asserted of one caller: from what was verified, what Envoy knows and what the policy says. */

import type { AuthnMethod } from '../../wss/saml/authn-context.ts';
import type { AssertionAttribute, AssertionContent } from '../../wss/saml/create-settings.ts';
import type { MessageMeta } from '../conditions.ts';
import type { PeerCertificate } from '../connection.ts';
import { AssertionSubjectError } from '../errors.ts';
import type { CertificateField, CompiledAssertion, ValueSource } from './settings.ts';
import type { VerifiedCaller } from './verified-caller.ts';

const FORMAT = 'urn:oasis:names:tc:SAML:1.1:nameid-format:';
const UNSPECIFIED = `${FORMAT}unspecified`;
const X509_SUBJECT = `${FORMAT}X509SubjectName`;
const KERBEROS = 'urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos';
/** Characters of a name or value; more is no name. */
const MAX_VALUE = 4096;
/** Values of an attribute. */
const MAX_VALUES = 256;

/**
 * @param meta of the request
 * @param caller what its message proved; absent: it was not verified
 * @throws AssertionSubjectError when the caller has no name, several, or lacks what the policy demands
 */
export function assertionContent(
  { subject, attributes, authnContext, usernameProved }: CompiledAssertion,
  meta: MessageMeta,
  caller: VerifiedCaller | undefined,
): AssertionContent {
  const facts = { meta, caller };
  const named = subjectOf(subject, facts, usernameProved);
  return {
    subject: { name: named.name, format: subject.format ?? named.format },
    authn: authnContext === undefined ? named.authn : { uri: authnContext },
    attributes: attributes.flatMap(({ name, nameFormat, from, required }): AssertionAttribute[] => {
      const values = valuesOf(from, facts);
      if (values.length > MAX_VALUES) {
        throw new AssertionSubjectError(`there are more than ${MAX_VALUES} values for the attribute ${name}`);
      }
      if (values.length === 0) {
        if (required)
          throw new AssertionSubjectError(`there is no value for the attribute ${name} (${describe(from)})`);
        return [];
      }
      for (const value of values) checkLength(value, from);
      return [{ name, ...(nameFormat !== undefined && { nameFormat }), values }];
    }),
  };
}

interface Facts {
  readonly meta: MessageMeta;
  readonly caller: VerifiedCaller | undefined;
}

interface Named {
  readonly name: string;
  readonly format: string;
  readonly authn: AuthnMethod;
}

function subjectOf(source: ValueSource, facts: Facts, usernameProved: boolean): Named {
  const values = valuesOf(source, facts);
  if (values.length > 1) {
    throw new AssertionSubjectError(`the caller has several names (${describe(source)}), and the assertion takes one`);
  }
  const [name = ''] = values;
  if (name.trim() === '') {
    throw new AssertionSubjectError(`nothing says who the caller is (${describe(source)})`);
  }
  checkLength(name, source);
  return { name, ...formatAndAuthn(source, facts, usernameProved) };
}

function formatAndAuthn(source: ValueSource, { caller }: Facts, usernameProved: boolean): Omit<Named, 'name'> {
  if (source.source === 'Certificate') {
    return { format: source.field === 'Subject' ? X509_SUBJECT : UNSPECIFIED, authn: 'TLSClient' };
  }
  if (source.source !== 'VerifiedIdentity') return { format: UNSPECIFIED, authn: 'Unspecified' };
  const identity = identityOf(source, caller);
  switch (identity?.kind) {
    case 'CertificateSubject':
      return { format: X509_SUBJECT, authn: 'X509' };
    case 'KerberosPrincipal':
      return { format: KERBEROS, authn: 'Kerberos' };
    case 'Username':
      return { format: UNSPECIFIED, authn: usernameProved ? 'Password' : 'Unspecified' };
    case 'SAMLSubject':
    case undefined:
      return { format: identity?.format ?? UNSPECIFIED, authn: 'Unspecified' };
  }
}

function valuesOf(source: ValueSource, { meta, caller }: Facts): readonly string[] {
  switch (source.source) {
    case 'VerifiedIdentity': {
      const identity = identityOf(source, caller);
      return identity === undefined ? [] : [identity.name];
    }
    case 'Certificate': {
      const value = fieldOf(meta.connection?.certificate, source.field);
      return value === undefined ? [] : [value];
    }
    case 'Claim':
      return meta.connection?.claims?.get(source.claim) ?? [];
    case 'Header':
      return meta.headers.get(source.header) ?? [];
    case 'Static':
      return source.values;
    case 'SAMLAttribute':
      return caller?.attributes?.get(source.attribute) ?? [];
  }
}

function identityOf(
  { name }: Extract<ValueSource, { source: 'VerifiedIdentity' }>,
  caller: VerifiedCaller | undefined,
): VerifiedCaller['names'][number] | undefined {
  return name === undefined ? caller?.names[0] : caller?.names.find(({ kind }) => kind === name);
}

function fieldOf(certificate: PeerCertificate | undefined, field: CertificateField): string | undefined {
  switch (field) {
    case 'Subject':
      return certificate?.subject;
    case 'URI':
      return certificate?.uri;
    case 'DNS':
      return certificate?.dns;
    case 'ThumbprintSHA256':
      return certificate?.sha256;
  }
}

function checkLength(value: string, source: ValueSource): void {
  if (value.length > MAX_VALUE) {
    throw new AssertionSubjectError(`a value is longer than ${MAX_VALUE} characters (${describe(source)})`);
  }
}

/** Where a value was looked for, for the log: never the value itself. */
function describe(source: ValueSource): string {
  switch (source.source) {
    case 'VerifiedIdentity':
      return source.name === undefined ? 'VerifiedIdentity' : `VerifiedIdentity ${source.name}`;
    case 'Certificate':
      return `${source.field} of the client's certificate, for which Envoy's filter must be told to send it`;
    case 'Claim':
      return `the claim ${source.claim} of the JWT, for which Envoy's filter must be told to send it`;
    case 'Header':
      return `the header ${source.header}`;
    case 'Static':
      return 'Static';
    case 'SAMLAttribute':
      return `the SAML attribute ${source.attribute}`;
  }
}
