/** From the certificates a policy refers to, to a trust store. */

import type { Certificate } from './certificate.ts';
import { KeyMaterialError, type KeyMaterial } from './key-material-error.ts';
import { readCertificates } from './secret-keys.ts';
import { TrustStore, type TrustStoreOptions } from './trust-store.ts';

/** The certificates of one `trustRefs` entry. */
export interface TrustBundle {
  readonly certificates: readonly Certificate[];
  /** These very certificates may sign; whom they certify is not trusted. */
  readonly pin: boolean;
}

/**
 * Reads the certificates under the first of `keys` that is there.
 *
 * @throws KeyMaterialError also when nothing could ever be trusted because of them
 */
export function readTrustBundle(material: KeyMaterial, keys: readonly string[], pin: boolean): TrustBundle {
  const certificates = readCertificates(material, keys);
  if (!pin && sortBundle(certificates).anchors.length === 0) {
    throw new KeyMaterialError(
      material,
      keys.find((key) => material.data[key] !== undefined),
      "holds no certification authority; add the signers' authority, or set pin: true to trust these very certificates",
    );
  }
  return { certificates, pin };
}

/**
 * Sorts the certificates of a bundle that is not pinned. Its anchors are the self-signed ones, and the authorities whose
 * issuer is not in the bundle: somebody who configures an issuing authority alone means to trust it. All others are
 * helpers: found when a message names them, and trusted only if a path leads from them to an anchor.
 */
export function sortBundle(certificates: readonly Certificate[]): { anchors: Certificate[]; helpers: Certificate[] } {
  const anchors: Certificate[] = [];
  const helpers: Certificate[] = [];
  for (const certificate of certificates) {
    const hasIssuer = certificates.some(
      (other) => other !== certificate && certificate.x509.checkIssued(other.x509) && other.extensions.ca,
    );
    const isAnchor = isSelfSigned(certificate) || (certificate.extensions.ca && !hasIssuer);
    (isAnchor ? anchors : helpers).push(certificate);
  }
  return { anchors, helpers };
}

const isSelfSigned = (certificate: Certificate): boolean =>
  certificate.subjectKey === certificate.issuerKey && certificate.x509.verify(certificate.publicKey);

/**
 * Builds the store of one `verify.signature`.
 *
 * @throws ConstraintSyntaxError
 */
export function buildTrustStore(
  bundles: readonly TrustBundle[],
  options: Pick<TrustStoreOptions, 'constraints' | 'crls' | 'ocsp'> = {},
): TrustStore {
  const anchors: Certificate[] = [];
  const intermediates: Certificate[] = [];
  const pinned: Certificate[] = [];
  for (const bundle of bundles) {
    if (bundle.pin) pinned.push(...bundle.certificates);
    else {
      const sorted = sortBundle(bundle.certificates);
      anchors.push(...sorted.anchors);
      intermediates.push(...sorted.helpers);
    }
  }
  return new TrustStore({ anchors, pinned, intermediates, ...options });
}
