/** Assertions that the gateway makes are believed by Apache WSS4J, and by libxmlsec: each version, confirmation and algorithm. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { secure } from '../../extproc/wss/secure.ts';
import type { AssertionSettings } from '../../extproc/wss/saml/create-settings.ts';
import type { SecureSettings, SignatureSettings } from '../../extproc/wss/settings.ts';
import { ALICE, ASSERTION_SETTINGS, assertionFor, HOLDERS, SIGNERS } from '../support/assertions.ts';
import {
  BODY,
  encryptionSettings,
  order,
  readMessage,
  secureContext,
  secureSettings,
  signatureSettings,
  signingKey,
  TIMESTAMP,
  TIMESTAMP_SETTINGS,
} from '../support/securing.ts';
import { xmlsec1 } from '../support/xmlsec1.ts';
import { pki } from './keys.ts';
import { Wss4j, Wss4jError, type Fields } from './wss4j.ts';

const ASSERTION = { kind: 'Assertion', mode: 'Element', optional: false } as const;
const VOUCHED = signatureSettings({ parts: [BODY, TIMESTAMP, ASSERTION] });
const HOLDS = signatureSettings({ key: undefined, algorithm: undefined, keyIdentifier: 'SAMLAssertion' });
const METHODS = { Bearer: 'bearer', HolderOfKey: 'holder-of-key', SenderVouches: 'sender-vouches' } as const;
/** Rules that newer algorithms break. */
const BEYOND_BSP = 'R5421;R5420;R5620;R5621;R5417';

/** How each confirmation is proved. */
const FORMS: Readonly<Record<string, { assertion: Partial<AssertionSettings>; signature?: SignatureSettings }>> = {
  SenderVouches: { assertion: { confirmation: 'SenderVouches' }, signature: VOUCHED },
  Bearer: { assertion: { confirmation: 'Bearer', oneTimeUse: true } },
  'HolderOfKey X509': { assertion: { confirmation: 'HolderOfKey', holder: HOLDERS.X509 }, signature: HOLDS },
  'HolderOfKey KeyValue': { assertion: { confirmation: 'HolderOfKey', holder: HOLDERS.KeyValue }, signature: HOLDS },
  'HolderOfKey EncryptedKey': {
    assertion: { confirmation: 'HolderOfKey', holder: HOLDERS.EncryptedKey },
    signature: HOLDS,
  },
};

let wss4j: Wss4j;
before(async () => {
  wss4j = await Wss4j.start(pki);
});
after(() => wss4j.close());

async function secured(
  assertion: Partial<AssertionSettings>,
  signature: SignatureSettings | undefined,
  changes: Partial<SecureSettings> = {},
): Promise<Buffer> {
  const settings = secureSettings({
    timestamp: TIMESTAMP_SETTINGS,
    securityToken: true,
    ...(signature && { signature }),
    ...changes,
  });
  const token = await assertionFor(assertion);
  return (await secure(readMessage(order()), settings, { ...secureContext(), token })).bytes;
}

async function check(message: Buffer, confirmation: keyof typeof METHODS, version: string, more: Fields = {}) {
  const method = `urn:oasis:names:tc:SAML:${version === '2.0' ? '2.0' : '1.0'}:cm:${METHODS[confirmation]}`;
  const fields = { audience: 'urn:backend', confirmation: method, ignoreBsp: BEYOND_BSP, ...more };
  return (await wss4j.call('samlCheck', fields, message)).fields;
}

for (const version of ['1.1', '2.0'] as const) {
  for (const [form, { assertion, signature }] of Object.entries(FORMS)) {
    const { confirmation = 'Bearer' } = assertion;
    describe(`${version} ${form}`, () => {
      test('is believed, and says who the caller is', async () => {
        const fields = await check(await secured({ version, ...assertion }, signature), confirmation, version);
        assert.equal(fields['subject'], ALICE.subject.name);
        assert.equal(fields['issuer'], ASSERTION_SETTINGS.issuer);
        assert.equal(fields['version'], version);
      });
      test('is not believed when it was changed, is for others, or is confirmed otherwise', async () => {
        const message = await secured({ version, ...assertion }, signature);
        const altered = Buffer.from(message.toString().replaceAll('>Alice', '>Malice'));
        assert.notDeepEqual(altered, message);
        await assert.rejects(check(altered, confirmation, version), Wss4jError);
        await assert.rejects(check(message, confirmation, version, { audience: 'urn:other' }), Wss4jError);
        const other = confirmation === 'Bearer' ? 'HolderOfKey' : 'Bearer';
        await assert.rejects(check(message, other, version), Wss4jError);
      });
      if (confirmation !== 'Bearer') {
        test('is not believed without the signature that confirms it', async () => {
          const message = await secured({ version, ...assertion }, undefined);
          await assert.rejects(check(message, confirmation, version), Wss4jError);
          const wrong = signatureSettings({ parts: [TIMESTAMP] });
          await assert.rejects(
            check(await secured({ version, ...assertion }, wrong), confirmation, version),
            Wss4jError,
          );
        });
      }
    });
  }

  for (const [algorithm, identity] of Object.entries(SIGNERS)) {
    const name = algorithm as keyof typeof SIGNERS;
    const signed = { ...ASSERTION_SETTINGS.signature, key: signingKey(identity), algorithm: name };
    for (const digest of ['SHA256', 'SHA512'] as const) {
      test(`${version} signed with ${algorithm} and ${digest}`, async () => {
        const assertion = { version, confirmation: 'Bearer', signature: { ...signed, digest } } as const;
        const fields = await check(await secured(assertion, undefined), 'Bearer', version);
        assert.equal(fields['subject'], ALICE.subject.name);
      });
    }
    // Not in the versions of it that are about.
    if (algorithm === 'Ed25519' || algorithm.startsWith('RSA-PSS')) continue;
    test(`${version} signed with ${algorithm}: libxmlsec`, async () => {
      const { token } = await assertionFor({ version, signature: signed });
      const idAttribute = version === '2.0' ? 'ID' : 'AssertionID';
      const namespace = `urn:oasis:names:tc:SAML:${version === '2.0' ? '2.0' : '1.0'}:assertion`;
      const verify = (text: string) =>
        xmlsec1(
          [
            '--verify',
            `--id-attr:${idAttribute}`,
            `${namespace}:Assertion`,
            '--trusted-pem',
            'ca',
            '--untrusted-pem',
            'intermediate',
            'assertion.xml',
          ],
          { ca: pki.ca.certificatePem, intermediate: pki.intermediate.certificatePem, 'assertion.xml': text },
        );
      const text = Buffer.from(token.bytes).toString();
      verify(text);
      assert.throws(() => verify(text.replace('>admin<', '>owner<')));
    });
  }

  for (const signature of [
    VOUCHED,
    signatureSettings({ parts: [BODY, ASSERTION], keyIdentifier: 'IssuerSerial', digest: 'SHA512' }),
    signatureSettings({ parts: [BODY, ASSERTION], canonicalization: 'C14N10', keyIdentifier: 'ThumbprintSHA1' }),
    signatureSettings({
      parts: [BODY, ASSERTION],
      inclusiveNamespaces: 'None',
      key: signingKey(pki.ec256),
      algorithm: 'ECDSA-SHA256',
    }),
  ]) {
    for (const order of ['SignThenEncrypt', 'EncryptThenSign'] as const) {
      const { keyIdentifier, canonicalization } = signature;
      test(`${version} vouched for with ${keyIdentifier}, ${canonicalization}, encrypted, ${order}`, async () => {
        const encryption = encryptionSettings({
          recipient: { certificate: pki.recipient.certificate, name: 'recipient' },
          parts: order === 'SignThenEncrypt' ? [BODY, ASSERTION] : [BODY],
        });
        const message = await secured({ version }, signature, { order, encryption });
        assert.equal(message.includes('>Alice'), order === 'EncryptThenSign');
        const ignoreBsp = `${BEYOND_BSP};R5404;R5423;R5412;R5406;R5407;R5413`;
        const fields = await check(message, 'SenderVouches', version, { ignoreBsp });
        assert.equal(fields['subject'], ALICE.subject.name);
      });
    }
  }
}
