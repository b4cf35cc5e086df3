/** `verify` of a policy -> VerifySettings. */

import type { TrustReference } from '../../crds/types.ts';
import type { ResolvedVerify } from '../../policy/bundle.ts';
import { durationMs } from '../../policy/duration.ts';
import type { FieldPath } from '../../policy/load.ts';
import { ConstraintSyntaxError } from '../keys/constraints.ts';
import { KeyMaterialError } from '../keys/key-material-error.ts';
import { readDecryptionKey, readRevocationLists, readSharedSecret } from '../keys/secret-keys.ts';
import { buildTrustStore, readTrustBundle, type TrustBundle } from '../keys/trust-bundle.ts';
import type { TrustStore } from '../keys/trust-store.ts';
import type {
  DecryptionSettings,
  VerifyEndorsingSettings,
  VerifySettings,
  VerifySignatureSettings,
  VerifyUsernameTokenSettings,
} from '../wss/settings.ts';
import { compileKerberosService } from './compile-kerberos.ts';
import { compileOcsp } from './compile-ocsp.ts';
import { attachmentsPart, encryptedParts, signedParts } from './compile-parts.ts';
import { compileSaml } from './compile-saml.ts';
import { textOf, type KeySource } from './key-source.ts';

type Decryption = NonNullable<ResolvedVerify['decryption']>;
type Signature = NonNullable<ResolvedVerify['signature']>;
type UsernameToken = NonNullable<ResolvedVerify['usernameToken']>;

/** @returns undefined when there are problems, which `keys` holds then */
export function compileVerify(verify: ResolvedVerify, at: FieldPath, keys: KeySource): VerifySettings | undefined {
  const before = keys.problems.length;
  const { timestamp } = verify;
  const decryption = verify.decryption && compileDecryption(verify.decryption, [...at, 'decryption'], keys);
  const signature = verify.signature && compileSignature(verify.signature, [...at, 'signature'], keys);
  const endorsing = verify.endorsing && compileEndorsing(verify.endorsing, [...at, 'endorsing'], keys);
  const usernameToken = verify.usernameToken && compileUsers(verify.usernameToken, [...at, 'usernameToken'], keys);
  const kerberos = verify.kerberos && compileKerberosService(verify.kerberos, [...at, 'kerberos'], keys);
  const saml = verify.saml && compileSaml(verify.saml, trustOf(verify.saml, [...at, 'saml'], keys));
  if (keys.problems.length > before) return undefined;
  return {
    ...(verify.actor !== undefined && { actor: verify.actor }),
    removeSecurityHeader: verify.removeSecurityHeader,
    ...(verify.attachments && { attachments: verify.attachments }),
    ...(timestamp && {
      timestamp: {
        required: timestamp.required,
        maxAge: durationMs(timestamp.maxAge),
        clockSkew: durationMs(timestamp.clockSkew),
        maxLifetime: durationMs(timestamp.maxLifetime),
      },
    }),
    ...(decryption && { decryption }),
    ...(signature && { signature }),
    ...(endorsing && { endorsing }),
    ...(usernameToken && { usernameToken }),
    ...(kerberos && { kerberos }),
    ...(saml && { saml }),
    signatureConfirmation: verify.signatureConfirmation === 'Required',
    ...(verify.addressing && {
      addressing: { ...verify.addressing, allowedReplyTo: verify.addressing.allowedReplyTo ?? [] },
    }),
    ...(verify.bspCompliance !== 'Off' && {
      bsp: { mode: verify.bspCompliance, ignored: new Set(verify.bspIgnore) },
    }),
    replay: { window: durationMs(verify.replay.window), onCacheUnavailable: verify.replay.onCacheUnavailable },
  };
}

function compileDecryption(decryption: Decryption, at: FieldPath, keys: KeySource): DecryptionSettings {
  const found = (decryption.keyRefs ?? []).map((reference, index) =>
    keys.attempt([...at, 'keyRefs', index], () => {
      const material = keys.get(reference);
      const key = readDecryptionKey(material);
      if (key.certificate) keys.uses(material, [key.certificate]);
      return key;
    }),
  );
  return {
    keys: found.filter((key) => key !== undefined),
    requiredParts: encryptedParts(decryption.requiredParts),
    ...attachmentsPart(decryption.requiredParts),
    accept: decryption.accept,
    requireSignedEncryptedData: decryption.requireSignedEncryptedData,
  };
}

function compileSignature(signature: Signature, at: FieldPath, keys: KeySource): VerifySignatureSettings {
  const secrets = (signature.secretRefs ?? []).map((reference, index) =>
    keys.attempt([...at, 'secretRefs', index], () => readSharedSecret(keys.get(reference))),
  );
  const trust = trustOf(signature, at, keys);
  return {
    ...(trust && { trust }),
    secrets: secrets.filter((secret) => secret !== undefined),
    requiredParts: signedParts(signature.requiredParts),
    ...attachmentsPart(signature.requiredParts),
    accept: signature.accept,
  };
}

function compileEndorsing(
  { signed, ...signature }: NonNullable<ResolvedVerify['endorsing']>,
  at: FieldPath,
  keys: KeySource,
): VerifyEndorsingSettings {
  return { ...compileSignature({ ...signature, requiredParts: [] }, at, keys), signed };
}

/** Which certificates are trusted, and what they must have. */
type Trusted = Pick<
  Signature,
  'trustRefs' | 'subject' | 'issuer' | 'dnsNames' | 'uris' | 'extendedKeyUsage' | 'revocation'
>;

function trustOf(trusted: Trusted, at: FieldPath, keys: KeySource): TrustStore | undefined {
  const { trustRefs, subject, issuer, dnsNames, uris, extendedKeyUsage, revocation } = trusted;
  if (trustRefs === undefined) return undefined;
  const bundles = trustRefs.map((reference, index) =>
    keys.attempt([...at, 'trustRefs', index], () => trustBundle(reference, keys)),
  );
  const crls = revocation?.crlRefs?.flatMap(
    (reference, index) =>
      keys.attempt([...at, 'revocation', 'crlRefs', index], () =>
        readRevocationLists(keys.get(reference), [reference.key]),
      ) ?? [],
  );
  const options = {
    constraints: {
      ...(subject && { subject: subject.matches }),
      ...(issuer && { issuer: issuer.matches }),
      ...(dnsNames && { dnsNames }),
      ...(uris && { uris }),
      ...(extendedKeyUsage && { extendedKeyUsage }),
    },
    ...(crls && { crls }),
    ...(revocation?.ocsp && { ocsp: compileOcsp(revocation.ocsp, [...at, 'revocation', 'ocsp'], keys) }),
  };
  return keys.attempt(
    at,
    () =>
      buildTrustStore(
        bundles.filter((bundle) => bundle !== undefined),
        options,
      ),
    (error) => error instanceof ConstraintSyntaxError,
  );
}

/** The certificates of one `trustRefs` entry. @throws KeyMaterialError */
export function trustBundle(reference: TrustReference, keys: KeySource): TrustBundle {
  const material = keys.get(reference);
  const usual = reference.pin ? ['tls.crt', 'ca.crt'] : ['ca.crt', 'tls.crt'];
  const bundle = readTrustBundle(material, reference.key === undefined ? usual : [reference.key], reference.pin);
  keys.uses(material, bundle.certificates);
  return bundle;
}

function compileUsers(token: UsernameToken, at: FieldPath, keys: KeySource): VerifyUsernameTokenSettings | undefined {
  const users = keys.attempt([...at, 'usersRef'], () => {
    const material = keys.get(token.usersRef);
    const entries = Object.entries(material.data).map(([name, octets]) => [name, textOf(octets)] as const);
    if (entries.length === 0) {
      throw new KeyMaterialError(
        material,
        undefined,
        'holds no user; give it a key for each user name, with the password',
      );
    }
    for (const [name, password] of entries) {
      if (password === '') throw new KeyMaterialError(material, name, 'is empty; put the password of that user there');
    }
    return new Map(entries);
  });
  return (
    users && {
      users,
      passwordTypes: token.passwordTypes,
      ...(token.passwordTypes.includes('DerivedKey') && { maxIterations: token.maxIterations }),
      maxAge: durationMs(token.maxAge),
      clockSkew: durationMs(token.clockSkew),
    }
  );
}
