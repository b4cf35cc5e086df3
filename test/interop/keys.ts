import { createPki, type Pki } from '../support/pki.ts';
import type { SignatureCase } from './cases.ts';

/** The name, in the test keys, of the key that signs a case. */
export function identityFor(signature: SignatureCase): Exclude<keyof Pki, 'ca' | 'intermediate' | 'untrusted'> {
  switch (signature.algorithm) {
    case 'ECDSA-SHA1':
    case 'ECDSA-SHA256':
      return 'ec256';
    case 'ECDSA-SHA384':
      return 'ec384';
    case 'ECDSA-SHA512':
      return 'ec521';
    case 'Ed25519':
      return 'ed25519';
    case 'Ed448':
      return 'ed448';
    default:
      return 'signer';
  }
}

export const pki = createPki();
