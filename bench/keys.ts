/** The keys of the benchmark: made once by the process that leads, and handed to the others as text. */

import { createPrivateKey, type KeyObject } from 'node:crypto';
import { Certificate } from '../extproc/keys/certificate.ts';
import type { Identity } from '../test/support/pki.ts';

export interface BenchKeys {
  readonly ca: string;
  readonly intermediate: string;
  readonly signer: { readonly certificate: string; readonly key: string };
  readonly recipient: { readonly certificate: string; readonly key: string };
}

export function exportKeys(pki: Record<'ca' | 'intermediate' | 'signer' | 'recipient', Identity>): BenchKeys {
  const text = ({ certificatePem, privateKeyPem }: Identity) => ({ certificate: certificatePem, key: privateKeyPem });
  return {
    ca: pki.ca.certificatePem,
    intermediate: pki.intermediate.certificatePem,
    signer: text(pki.signer),
    recipient: text(pki.recipient),
  };
}

export const certificateOf = (pem: string): Certificate => Certificate.fromPem(pem)[0];
export const keyOf = (pem: string): KeyObject => createPrivateKey(pem);
