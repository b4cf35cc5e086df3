/** What `explain` says of one Signature: its key, its value, and each of its references. */

import type { KeyObject } from 'node:crypto';
import { canonicalize } from '../../xml/c14n.ts';
import type { XmlIndex } from '../../xml/xml-index.ts';
import {
  canonicalizations,
  digests,
  signatureAlgorithms,
  type CanonicalizationName,
  type DigestName,
  type SignatureAlgorithm,
} from '../algorithms.ts';
import { CertificateRevokedError, DigestMismatchError, DuplicateIdError, RevocationUnknownError } from '../errors.ts';
import { readKeyInfo, type KeyHint } from '../key-info/read.ts';
import type { KeyProof } from '../key-proof.ts';
import type { VerifySignatureSettings } from '../settings.ts';
import { checkReference } from '../signature/reference.ts';
import {
  readReference,
  readSignature,
  type SignatureElement,
  type SignatureReference,
} from '../signature/signed-info.ts';
import { findChain, findSigners } from '../signature/signer.ts';
import { isSignatureValid } from '../signature/verify-value.ts';
import type { Verification } from '../verification.ts';
import { digestCause, otherCanonicalizations } from './digest-cause.ts';
import { attachmentCause } from './attachments.ts';
import { attempt, pathOf, type Finding } from './finding.ts';

const names = <Name extends string>(table: Readonly<Record<Name, unknown>>): Name[] => Object.keys(table) as Name[];

/** Everything that we implement, so that a signature the policy does not accept can still be explained. */
const ALL = {
  algorithms: names<SignatureAlgorithm>(signatureAlgorithms),
  digests: names<DigestName>(digests),
  canonicalizations: names<CanonicalizationName>(canonicalizations),
};

/** @param number counts the Signatures of the header from 1 */
export function explainSignature(
  state: Verification,
  settings: VerifySignatureSettings,
  element: number,
  number: number,
): Finding[] {
  const findings: Finding[] = [];
  const name = `Signature ${number}`;
  const { index } = state.message;
  attempt(
    findings,
    `${name}, accepted algorithms`,
    () => readAll(state, element, settings),
    () => 'the policy accepts them',
  );
  const lenient = { ...settings, accept: ALL };
  const signature = attempt(
    findings,
    `${name}, structure`,
    () => readSignature(index, element, ALL, state.message.attachments?.parts.length),
    ({ algorithm, references }) => `${algorithm}, ${references.length} references`,
  );
  if (signature === undefined) return findings;
  explainKey(state, lenient, signature, name, findings);
  signature.references.forEach((reference, position) => {
    explainReference(state, lenient, reference, `${name}, reference ${position + 1}`, findings);
  });
  return findings;
}

/** What a key is that no certificate goes with. */
const PROOFS: Readonly<Record<KeyProof['kind'], string>> = {
  certificate: 'a certificate',
  secret: 'a secret of the policy',
  sentKey: 'a key that we sent in this exchange',
  receivedKey: 'a key that came with the message',
  usernameToken: 'a key derived from a password of the policy',
  saml: 'the key of the assertion',
  kerberos: 'the key of the ticket',
};

function readAll({ message }: Verification, element: number, { accept }: VerifySignatureSettings): void {
  const { index, attachments } = message;
  const { references } = readSignature(index, element, accept, attachments?.parts.length);
  for (const reference of references) readReference(index, reference, accept);
}

function explainKey(
  state: Verification,
  settings: VerifySignatureSettings,
  signature: SignatureElement,
  name: string,
  findings: Finding[],
): void {
  const { index } = state.message;
  const hints = attempt(
    findings,
    `${name}, KeyInfo`,
    () => (signature.keyInfo === -1 ? [] : readKeyInfo(index, signature.keyInfo)),
    (found) => (found.length === 0 ? 'none' : found.map(describeHint).join('; ')),
  );
  if (hints === undefined) return;
  const signers = attempt(
    findings,
    `${name}, key`,
    () => findSigners(state, settings, signature.algorithm, hints),
    ([{ certificate, proof, unasked }]) =>
      certificate === undefined
        ? PROOFS[proof.kind]
        : `trusted: ${certificate.subject}${unasked === undefined ? '' : ', if it is not revoked: no OCSP responder was asked'}`,
    (error) => trustCause(settings, hints, error),
  );
  // A key that is not trusted still tells whether the message was changed.
  const keys = signers?.map(({ key }) => key) ?? namedKeys(settings, hints);
  if (keys.length === 0) return;
  const valid = isValid(state, signature, keys);
  const cause = valid ? undefined : valueCause(state, settings, signature, keys);
  findings.push({
    about: `${name}, SignatureValue`,
    ok: valid,
    detail: valid ? 'belongs to SignedInfo and key' : 'does not belong to SignedInfo and key',
    ...(cause !== undefined && { cause }),
  });
}

function describeHint(hint: KeyHint): string {
  switch (hint.kind) {
    case 'certificates':
      return `certificate of ${hint.chain[0].subject}, serial number ${hint.chain[0].serialNumber}`;
    case 'issuerSerial':
      return `serial number ${hint.serial} of ${hint.issuer}`;
    case 'subjectKeyIdentifier':
    case 'thumbprint':
      return `${hint.kind} ${hint.value.toString('hex')}`;
    case 'subject':
    case 'keyName':
      return `${hint.kind} ${hint.name}`;
    case 'keyValue':
      return `public key of type ${hint.key.asymmetricKeyType}`;
    case 'encryptedKey':
      return 'an EncryptedKey of this message';
    case 'encryptedKeySha1':
      return `an EncryptedKey with SHA-1 ${hint.sha1}`;
    case 'samlAssertion':
      return 'a SAML assertion of this message';
    case 'samlAssertionId':
      return `the SAML ${hint.version} assertion ${hint.id}`;
    case 'kerberosTicket':
      return 'a Kerberos token of this message';
    case 'kerberosSha1':
      return `a Kerberos token with SHA-1 ${hint.sha1}`;
    case 'derivedKey':
      return 'a DerivedKeyToken of this message';
    case 'usernameToken':
      return 'a key derived from the password of the UsernameToken';
  }
}

function trustCause({ trust }: VerifySignatureSettings, hints: readonly KeyHint[], error: unknown): string | undefined {
  if (error instanceof CertificateRevokedError || error instanceof RevocationUnknownError) return undefined;
  if (trust === undefined) return 'The policy trusts no certificate: add trustRefs.';
  const [hint] = hints;
  if (hint === undefined) return 'The Signature has no KeyInfo, so nothing says whose it is.';
  const chain = findChain(trust, hint);
  if (chain === undefined) {
    return 'The message only names its certificate, and the policy does not hold it: add the certificate to a trustRef.';
  }
  const [certificate] = chain;
  const sameName = trust.findBySubject(certificate.subject);
  if (sameName !== undefined && sameName.fingerprint !== certificate.fingerprint) {
    return `The policy holds another certificate of ${certificate.subject} (serial number ${sameName.serialNumber}): the signer's may have been renewed.`;
  }
  return `The certificate was issued by ${certificate.issuer}; the policy holds ${trust.findBySubject(certificate.issuer) === undefined ? 'no certificate of that name' : 'a certificate of that name'}.`;
}

function namedKeys({ trust }: VerifySignatureSettings, hints: readonly KeyHint[]): KeyObject[] {
  return hints.flatMap((hint) => {
    if (hint.kind === 'keyValue') return [hint.key];
    if (hint.kind === 'certificates') return [hint.chain[0].publicKey];
    const chain = trust === undefined ? undefined : findChain(trust, hint);
    return chain === undefined ? [] : [chain[0].publicKey];
  });
}

function isValid(state: Verification, signature: SignatureElement, keys: readonly KeyObject[]): boolean {
  const octets = canonicalize(state.message.index, signature.signedInfo, signature.canonicalization);
  return keys.some((key) => fits(signature.algorithm, key, octets, signature.value));
}

/** A key of the wrong type makes no valid signature. */
function fits(algorithm: SignatureAlgorithm, key: KeyObject, octets: Buffer, value: Buffer): boolean {
  const { keyType } = signatureAlgorithms[algorithm];
  const type = key.asymmetricKeyType ?? 'secret';
  return (
    (type === keyType || (type === 'rsa-pss' && keyType === 'rsa')) && isSignatureValid(algorithm, key, octets, value)
  );
}

function valueCause(
  state: Verification,
  { trust }: VerifySignatureSettings,
  signature: SignatureElement,
  keys: readonly KeyObject[],
): string | undefined {
  const { index } = state.message;
  const { signedInfo, canonicalization, algorithm, value } = signature;
  const octets = canonicalize(index, signedInfo, canonicalization);
  const maker = trust?.certificates.find(({ publicKey }) => fits(algorithm, publicKey, octets, value));
  if (maker !== undefined)
    return `It was made with the key of another certificate: ${maker.subject}, serial number ${maker.serialNumber}.`;
  for (const [cause, options] of otherCanonicalizations(index, signedInfo, canonicalization)) {
    const other = canonicalize(index, signedInfo, options);
    if (keys.some((key) => fits(algorithm, key, other, value))) return cause;
  }
  if (algorithm.startsWith('ECDSA') && value[0] === 0x30)
    return 'The value is in DER; XML Signature wants r and s side by side.';
  return 'SignedInfo was changed after signing, or another key signed it.';
}

function explainReference(
  state: Verification,
  settings: VerifySignatureSettings,
  element: number,
  about: string,
  findings: Finding[],
): void {
  const { index } = state.message;
  let reference: SignatureReference | undefined;
  attempt(
    findings,
    about,
    () => {
      reference = readReference(index, element, settings.accept);
      checkReference(state, settings, reference);
      return reference;
    },
    ({ id, attachment, digest }) => {
      const target = attachment ? `${id} is an attachment (${attachment})` : `#${id} is ${pathsOf(index, id)}`;
      return `${target}; the ${digest} digest matches`;
    },
    (error) => {
      if (reference === undefined) return undefined;
      if (error instanceof DuplicateIdError) return `The id ${reference.id} is on ${pathsOf(index, reference.id)}.`;
      if (!(error instanceof DigestMismatchError)) return undefined;
      return reference.attachment ? attachmentCause(state, reference) : mismatchCause(index, reference);
    },
  );
}

function mismatchCause(index: XmlIndex, reference: SignatureReference): string {
  const [element] = index.elementsWithId(reference.id);
  const where = pathOf(index, element);
  const { hash } = digests[reference.digest];
  const options = { ...reference.canonicalization, comments: false };
  const cause = reference.dereference ? undefined : digestCause(index, element, options, hash, reference.digestValue);
  return cause ?? `${where} was changed after signing.`;
}

function pathsOf(index: XmlIndex, id: string): string {
  return index
    .elementsWithId(id)
    .map((element) => pathOf(index, element))
    .join(' and ');
}
