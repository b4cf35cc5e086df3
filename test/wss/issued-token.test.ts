/** Signatures with the key of an issued token, checked by a program that knows nothing of ours. */

import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { SOAP11 } from '../../extproc/wss/namespaces.ts';
import { secure } from '../../extproc/wss/secure.ts';
import { ASSERTION, BY_ID, BY_KEY_IDENTIFIER, TOKEN_SECRET, tokenInUse } from '../support/issued-tokens.ts';
import {
  BODY,
  encryptionSettings,
  order,
  pki,
  readMessage,
  secureContext,
  secureSettings,
  signatureSettings,
  TIMESTAMP,
  TIMESTAMP_SETTINGS,
  TOKEN,
} from '../support/securing.ts';
import { checkSignatures } from './independent.ts';

const inDefaultNamespace = `<Envelope xmlns="${SOAP11}" xmlns:saml="urn:clash"><Body><a xmlns="">x</a></Body></Envelope>`;

async function signed(token = tokenInUse(), xml = order(), changes: Parameters<typeof secureSettings>[0] = {}) {
  const parts = [BODY, TIMESTAMP, TOKEN];
  const settings = secureSettings({
    timestamp: TIMESTAMP_SETTINGS,
    securityToken: true,
    signature: signatureSettings({
      key: undefined,
      algorithm: undefined,
      keyIdentifier: 'SAMLAssertion',
      // Their canonicalizer does not know `#default`.
      inclusiveNamespaces: 'None',
      parts,
    }),
    ...changes,
  });
  return (await secure(readMessage(xml), settings, { ...secureContext(), token })).bytes;
}

const without = `<T ID="_a1b2c3"><U>in no namespace</U></T>`;
for (const reference of [BY_KEY_IDENTIFIER, BY_ID]) {
  for (const [key, check] of [
    [TOKEN_SECRET, TOKEN_SECRET],
    [pki.signer.key, createPublicKey(pki.signer.key)],
    [pki.ec256.key, createPublicKey(pki.ec256.key)],
  ] as const) {
    for (const [xml, token] of [
      [order(), ASSERTION],
      [inDefaultNamespace, ASSERTION],
      [order(), without],
      [inDefaultNamespace, without],
    ]) {
      const name = `${reference.form}, ${key.asymmetricKeyType ?? 'secret'}, ${token.slice(0, 5)} in ${xml.slice(0, 5)}`;
      test(`Body, Timestamp and token are signed: ${name}`, async () => {
        const message = await signed(tokenInUse(key, token, reference), xml);
        assert.deepEqual(checkSignatures(message, check), ['Body', 'Timestamp', 'SecurityTokenReference']);
        const other = token.replace(/Zoë|in no/, 'another');
        assert.notEqual(other, token);
        const altered = Buffer.from(message.toString().replace(/Zoë(?= &amp;\r)|in no/, 'another'));
        assert.throws(() => checkSignatures(altered, check), /digest of SecurityTokenReference/);
      });
    }
  }
}

test('also in a message that is encrypted first', async () => {
  const changes = { order: 'EncryptThenSign', encryption: encryptionSettings() } as const;
  const message = await signed(tokenInUse(), order(), changes);
  assert.deepEqual(checkSignatures(message, TOKEN_SECRET), ['Body', 'Timestamp', 'SecurityTokenReference']);
});
