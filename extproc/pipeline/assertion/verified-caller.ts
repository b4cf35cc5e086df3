/** Who a verified message is from, as far as assertions about him need it. */

import type { Verified } from '../../wss/verify.ts';
import type { IdentityName } from './settings.ts';

/** Plain data, so that it passes between threads. */
export interface VerifiedCaller {
  /** The best first: what says most about a person. */
  readonly names: readonly { readonly kind: IdentityName; readonly name: string; readonly format?: string }[];
  /** Of the assertion that he proved himself with. */
  readonly attributes?: ReadonlyMap<string, readonly string[]>;
}

export function verifiedCaller({ saml, username, kerberos, certificate }: Verified['identity']): VerifiedCaller {
  const names: VerifiedCaller['names'][number][] = [];
  if (saml !== undefined) {
    const format = saml.nameFormat;
    names.push({ kind: 'SAMLSubject', name: saml.subject, ...(format !== undefined && { format }) });
  }
  if (username !== undefined) names.push({ kind: 'Username', name: username });
  if (kerberos !== undefined) names.push({ kind: 'KerberosPrincipal', name: kerberos.principal });
  if (certificate !== undefined) names.push({ kind: 'CertificateSubject', name: certificate.subject });
  return { names, ...(saml && { attributes: saml.attributes }) };
}
