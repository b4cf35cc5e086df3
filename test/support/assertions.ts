/** Settings of assertions that the gateway makes, for tests. */

import { sign } from 'node:crypto';
import type { SignatureAlgorithm } from '../../extproc/wss/algorithms.ts';
import type { TokenInUse } from '../../extproc/wss/issued-token.ts';
import { createAssertion } from '../../extproc/wss/saml/create-assertion.ts';
import type { AssertionContent, AssertionSettings, HolderSettings } from '../../extproc/wss/saml/create-settings.ts';
import type { Signer } from '../../extproc/wss/signature/signature-value.ts';
import { encryptionSettings, NOW, pki, signingKey } from './securing.ts';

export const signHere: Signer = (hash, data, key) => sign(hash, data, key);

export const ASSERTION_SETTINGS: AssertionSettings = {
  version: '2.0',
  issuer: 'https://gateway.example',
  confirmation: 'SenderVouches',
  audiences: ['urn:backend'],
  lifetime: 300_000,
  oneTimeUse: false,
  signature: { key: signingKey(pki.signer), algorithm: 'RSA-SHA256', digest: 'SHA256' },
};

export const ALICE: AssertionContent = {
  subject: { name: 'Alice <&> "Zoë"', format: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified' },
  authn: 'Password',
  attributes: [
    { name: 'role', nameFormat: 'urn:example:attributes', values: ['clerk & co', 'admin'] },
    { name: 'a<b', nameFormat: 'urn:"x"', values: [''] },
  ],
};

/** Each kind of holder's key; the message is then signed with `recipient`'s key, or with a new secret. */
export const HOLDERS: Readonly<Record<HolderSettings['form'], HolderSettings>> = {
  X509: { form: 'X509', key: signingKey(pki.recipient) },
  KeyValue: { form: 'KeyValue', key: signingKey(pki.recipient) },
  EncryptedKey: { form: 'EncryptedKey', encryption: encryptionSettings({ parts: [] }) },
};

/** Keys for each family of algorithms that signs assertions. */
export const SIGNERS = {
  'RSA-SHA256': pki.signer,
  'RSA-SHA512': pki.signer,
  'RSA-PSS-SHA256': pki.signer,
  'ECDSA-SHA256': pki.ec256,
  'ECDSA-SHA384': pki.ec384,
  'ECDSA-SHA512': pki.ec521,
  Ed25519: pki.ed25519,
} as const satisfies Partial<Record<SignatureAlgorithm, unknown>>;

export async function assertionFor(
  settings: Partial<AssertionSettings> = {},
  content: Partial<AssertionContent> = {},
  now = NOW,
): Promise<TokenInUse> {
  const made = await createAssertion({ ...ASSERTION_SETTINGS, ...settings }, { ...ALICE, ...content }, now, signHere);
  return made.token;
}
