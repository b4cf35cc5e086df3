/** What the versions of WS-Trust call things: the Submission of February 2005, the standard 1.3, and 1.4, which adds to it. */

import type { KeyType, TrustVersion } from '../settings.ts';

export type Operation = 'Issue' | 'Renew' | 'Validate' | 'Cancel';

export interface TrustVocabulary {
  /** Of RequestSecurityToken and all that it and its answer hold. */
  readonly namespace: string;
  readonly requestTypes: Readonly<Record<Operation, string>>;
  /** WS-Addressing actions of requests. */
  readonly actions: Readonly<Record<Operation, string>>;
  readonly keyTypes: Readonly<Record<KeyType, string>>;
  /** Type of a BinarySecret that is entropy. */
  readonly nonce: string;
  /** Type of a BinarySecret that is a private key. */
  readonly asymmetricKey: string;
  readonly computedKey: string;
  /** TokenType of an answer that is no token but says whether one is valid. */
  readonly status: string;
  readonly valid: string;
  readonly invalid: string;
}

const TRUST_2005 = 'http://schemas.xmlsoap.org/ws/2005/02/trust';
const TRUST_13 = 'http://docs.oasis-open.org/ws-sx/ws-trust/200512';
/** Namespace of what WS-Trust 1.4 added. */
export const TRUST_14 = 'http://docs.oasis-open.org/ws-sx/ws-trust/200802';
/** The key type for tokens without a key came with Information Cards; WS-Trust has had one of its own since 1.3. */
const NO_PROOF_KEY = 'http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey';

const VERSION_13 = vocabularyOf(TRUST_13, `${TRUST_13}/Bearer`);

/** By the version that is spoken. */
export const VOCABULARIES: Readonly<Record<TrustVersion, TrustVocabulary>> = {
  '1.3': VERSION_13,
  '1.4': VERSION_13,
  '2005-02': vocabularyOf(TRUST_2005, NO_PROOF_KEY),
};

function vocabularyOf(namespace: string, bearer: string): TrustVocabulary {
  const operations = (prefix: string): Record<Operation, string> => ({
    Issue: `${prefix}/Issue`,
    Renew: `${prefix}/Renew`,
    Validate: `${prefix}/Validate`,
    Cancel: `${prefix}/Cancel`,
  });
  return {
    namespace,
    requestTypes: operations(namespace),
    actions: operations(`${namespace}/RST`),
    keyTypes: { Bearer: bearer, Symmetric: `${namespace}/SymmetricKey`, Public: `${namespace}/PublicKey` },
    nonce: `${namespace}/Nonce`,
    asymmetricKey: `${namespace}/AsymmetricKey`,
    computedKey: `${namespace}/CK/PSHA1`,
    status: `${namespace}/RSTR/Status`,
    valid: `${namespace}/status/valid`,
    invalid: `${namespace}/status/invalid`,
  };
}
