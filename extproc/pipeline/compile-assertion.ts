/** `secure.saml` of a policy -> CompiledAssertion. */

import type { AssertionAttribute, AssertionSubject, HolderOfKey } from '../../crds/types.ts';
import type { ResolvedSecure, ResolvedVerify } from '../../policy/bundle.ts';
import { durationMs } from '../../policy/duration.ts';
import type { FieldPath } from '../../policy/load.ts';
import { readRecipient, readSigningKey } from '../keys/secret-keys.ts';
import type { AssertionSettings, HolderSettings } from '../wss/saml/create-settings.ts';
import type { SigningKey } from '../wss/settings.ts';
import type { CertificateField, CompiledAssertion, IdentityName, ValueSource } from './assertion/settings.ts';
import { fittingAlgorithm } from './compile-secure.ts';
import type { KeySource } from './key-source.ts';

type SigningKeyReference = NonNullable<ResolvedSecure['saml']>['signingKeyRef'];

/**
 * @param verify of the same phase
 * @returns undefined when there is none, or when there are problems, which `keys` holds then
 */
export function compileAssertion(
  { saml }: ResolvedSecure,
  verify: ResolvedVerify | undefined,
  at: FieldPath,
  keys: KeySource,
): CompiledAssertion | undefined {
  if (saml === undefined) return undefined;
  const key = signingKey(saml.signingKeyRef, [...at, 'signingKeyRef'], keys);
  if (key === undefined) return undefined;
  const { algorithm: given } = saml.signature;
  const algorithm = fittingAlgorithm(given, 'Modern', key, [...at, 'signature'], keys, [...at, 'signingKeyRef']);
  const holder = compileHolder(saml, key, [...at, 'holderOfKey'], keys);
  if (algorithm === undefined || holder === 'Broken') return undefined;
  const settings: AssertionSettings = {
    ...{ version: saml.version, issuer: saml.issuer, confirmation: saml.confirmation, oneTimeUse: saml.oneTimeUse },
    audiences: saml.audience ?? [],
    lifetime: durationMs(saml.lifetime),
    signature: { key, algorithm, digest: saml.signature.digest },
    ...(holder && { holder }),
  };
  const subject = subjectSource(saml.subject);
  const attributes = (saml.attributes ?? []).map(({ name, nameFormat, required, ...rest }) => ({
    ...{ name, required, from: attributeSource(rest) },
    ...(nameFormat !== undefined && { nameFormat }),
  }));
  const sources = [subject, ...attributes.map(({ from }) => from)];
  return {
    ...{ settings, attributes },
    subject: { ...subject, ...(saml.subject.format !== undefined && { format: saml.subject.format }) },
    ...(saml.authnContext !== undefined && { authnContext: saml.authnContext }),
    usernameProved: verify?.usernameToken?.passwordTypes.includes('None') !== true,
    needs: {
      certificate: sources.some(({ source }) => source === 'Certificate'),
      claims: [...new Set(sources.flatMap((from) => (from.source === 'Claim' ? [from.claim] : [])))],
    },
  };
}

function compileHolder(
  { confirmation, holderOfKey }: NonNullable<ResolvedSecure['saml']>,
  signer: SigningKey,
  at: FieldPath,
  keys: KeySource,
): HolderSettings | undefined | 'Broken' {
  if (confirmation !== 'HolderOfKey') return undefined;
  const { keyType = 'X509', keyRef, recipientRef, keyTransport = 'RSA-OAEP' }: Partial<HolderOfKey> = holderOfKey ?? {};
  if (keyType !== 'EncryptedKey') {
    const key = keyRef === undefined ? signer : signingKey(keyRef, [...at, 'keyRef'], keys);
    return key === undefined ? 'Broken' : { form: keyType, key };
  }
  if (recipientRef === undefined) return undefined;
  const recipient = keys.attempt([...at, 'recipientRef'], () => {
    const material = keys.get(recipientRef);
    const found = readRecipient(material, [recipientRef.key]);
    keys.uses(material, [found.certificate]);
    return found;
  });
  if (recipient === undefined) return 'Broken';
  const modern = keyTransport === 'RSA-OAEP';
  return {
    form: 'EncryptedKey',
    encryption: {
      ...{ recipient, keyTransport, dataAlgorithm: 'AES256-GCM', keyIdentifier: 'IssuerSerial', parts: [] },
      oaep: modern ? { digest: 'SHA256', mgf: 'MGF1-SHA256' } : { digest: 'SHA1', mgf: 'MGF1-SHA1' },
    },
  };
}

function signingKey(reference: SigningKeyReference, at: FieldPath, keys: KeySource): SigningKey | undefined {
  return keys.attempt(at, () => {
    const material = keys.get(reference);
    const found = readSigningKey(material);
    keys.uses(material, found.certificate ? [found.certificate, ...found.chain] : found.chain);
    return found;
  });
}

/** The schema has seen to it that each source has what it needs. */
function subjectSource({ source, name = '', value = '' }: AssertionSubject): ValueSource {
  switch (source) {
    case 'VerifiedIdentity':
      return { source, ...(name !== '' && { name: name as IdentityName }) };
    case 'Certificate':
      return { source, field: name === '' ? 'Subject' : (name as CertificateField) };
    case 'Claim':
      return { source, claim: name };
    case 'Header':
      return { source, header: name.toLowerCase() };
    case 'Static':
      return { source, values: [value] };
  }
}

function attributeSource({
  source,
  header = '',
  claim = '',
  field = 'Subject',
  attribute = '',
  values = [],
}: Omit<AssertionAttribute, 'name' | 'nameFormat' | 'required'>): ValueSource {
  switch (source) {
    case 'VerifiedIdentity':
      return { source };
    case 'Certificate':
      return { source, field };
    case 'Claim':
      return { source, claim };
    case 'Header':
      return { source, header: header.toLowerCase() };
    case 'Static':
      return { source, values };
    case 'SAMLAttribute':
      return { source, attribute };
  }
}
