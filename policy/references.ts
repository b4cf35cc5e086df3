/** Where policies and token services refer to Secrets and ConfigMaps. */

import type { SecurityTokenServiceSpec } from '../crds/token-service-types.ts';
import type { MaterialReference, ResolvedPhase, ResolvedSpec } from './bundle.ts';
import type { FieldPath } from './load.ts';

export interface Reference extends MaterialReference {
  /** The key of the object's data, where one is named. */
  readonly key?: string;
  /** From the object on: it begins with `spec`. */
  readonly path: FieldPath;
}

/** Every reference of a policy, in the order of its fields. */
export function referencesOf(spec: ResolvedSpec): Reference[] {
  return (['request', 'response'] as const).flatMap((phase) => phaseReferences(spec[phase], ['spec', phase]));
}

function phaseReferences({ verify, secure }: ResolvedPhase, at: FieldPath): Reference[] {
  const { decryption, signature, endorsing, usernameToken, saml, kerberos } = verify ?? {};
  const { secretRef, pool } = secure?.usernameToken?.credentials ?? {};
  const credentials = [...at, 'secure', 'usernameToken', 'credentials'];
  return [
    ...list([...at, 'verify', 'decryption', 'keyRefs'], decryption?.keyRefs),
    ...list([...at, 'verify', 'signature', 'trustRefs'], signature?.trustRefs),
    ...list([...at, 'verify', 'signature', 'secretRefs'], signature?.secretRefs),
    ...list([...at, 'verify', 'signature', 'revocation', 'crlRefs'], signature?.revocation?.crlRefs),
    ...list([...at, 'verify', 'endorsing', 'trustRefs'], endorsing?.trustRefs),
    ...list([...at, 'verify', 'endorsing', 'secretRefs'], endorsing?.secretRefs),
    ...list([...at, 'verify', 'endorsing', 'revocation', 'crlRefs'], endorsing?.revocation?.crlRefs),
    ...list([...at, 'verify', 'endorsing', 'revocation', 'ocsp', 'trustRefs'], endorsing?.revocation?.ocsp?.trustRefs),
    ...list([...at, 'verify', 'signature', 'revocation', 'ocsp', 'trustRefs'], signature?.revocation?.ocsp?.trustRefs),
    ...one([...at, 'verify', 'usernameToken', 'usersRef'], usernameToken?.usersRef),
    ...one([...at, 'verify', 'kerberos', 'keytabRef'], kerberos?.keytabRef),
    ...list([...at, 'verify', 'saml', 'trustRefs'], saml?.trustRefs),
    ...list([...at, 'verify', 'saml', 'revocation', 'crlRefs'], saml?.revocation?.crlRefs),
    ...list([...at, 'verify', 'saml', 'revocation', 'ocsp', 'trustRefs'], saml?.revocation?.ocsp?.trustRefs),
    ...one([...credentials, 'secretRef'], secretRef),
    ...pooled([...credentials, 'pool'], pool),
    ...one([...at, 'secure', 'kerberos', 'keytabRef'], secure?.kerberos?.keytabRef),
    ...one([...at, 'secure', 'kerberos', 'credentialCacheRef'], secure?.kerberos?.credentialCacheRef),
    ...one([...at, 'secure', 'saml', 'signingKeyRef'], secure?.saml?.signingKeyRef),
    ...one([...at, 'secure', 'saml', 'holderOfKey', 'keyRef'], secure?.saml?.holderOfKey?.keyRef),
    ...one([...at, 'secure', 'saml', 'holderOfKey', 'recipientRef'], secure?.saml?.holderOfKey?.recipientRef),
    ...one([...at, 'secure', 'signature', 'keyRef'], secure?.signature?.keyRef),
    ...(secure?.endorsing ?? []).flatMap(({ keyRef }, index) =>
      one([...at, 'secure', 'endorsing', index, 'keyRef'], keyRef),
    ),
    ...one([...at, 'secure', 'encryption', 'recipientRef'], secure?.encryption?.recipientRef),
  ];
}

/** Every reference of a token service, in the order of its fields. */
export function tokenServiceReferences({ wsTrust, credentials, tls }: SecurityTokenServiceSpec): Reference[] {
  return [
    ...one(['spec', 'wsTrust', 'wsdlRef'], wsTrust?.wsdlRef),
    ...list(['spec', 'wsTrust', 'verify', 'trustRefs'], wsTrust?.verify?.trustRefs),
    ...list(['spec', 'wsTrust', 'verify', 'keyRefs'], wsTrust?.verify?.keyRefs),
    ...pooled(['spec', 'credentials'], credentials),
    ...one(['spec', 'tls', 'caRef'], tls?.caRef),
    ...one(['spec', 'tls', 'clientCertRef'], tls?.clientCertRef),
  ];
}

type Ref = Omit<Reference, 'path'>;

function list(path: FieldPath, references: readonly Ref[] = []): Reference[] {
  return references.map((reference, index) => ({ ...reference, path: [...path, index] }));
}

function one(path: FieldPath, reference: Ref | undefined): Reference[] {
  return reference === undefined ? [] : [{ ...reference, path }];
}

/** Of the entries of a credential pool. */
function pooled(path: FieldPath, entries: readonly { readonly secretRef: Ref }[] = []): Reference[] {
  return entries.map(({ secretRef }, index) => ({ ...secretRef, path: [...path, index, 'secretRef'] }));
}
