/**
 * Assertions of OpenSAML in messages of Apache WSS4J, verified by ours: both versions, every confirmation, every proof, by
 * identifier and by direct reference, in plain and encrypted. xmlsec1 gives a second opinion on the issuer's signature.
 */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { TrustStore } from '../../extproc/keys/trust-store.ts';
import type { Confirmation } from '../../extproc/wss/saml/identity.ts';
import { SAML1, SAML2 } from '../../extproc/wss/saml/versions.ts';
import { selfContained } from '../../extproc/wss/self-contained.ts';
import type { Part, VerifySettings } from '../../extproc/wss/settings.ts';
import { scan } from '../../extproc/xml/scan.ts';
import { xmlsec1 } from '../support/xmlsec1.ts';
import { pki } from './keys.ts';
import { verifyOurs } from './ours.ts';
import { makeMessage, namespaceOf } from './shapes.ts';
import { Wss4j, type Fields } from './wss4j.ts';

const BODY: Part = { kind: 'Body', mode: 'Element', optional: false };
const TIMESTAMP: Part = { kind: 'Timestamp', mode: 'Element', optional: false };
const ISSUER = 'https://idp.example';
const AUDIENCE = 'urn:orders';
const accept = {
  algorithms: ['RSA-SHA256', 'HMAC-SHA256'],
  digests: ['SHA256'],
  canonicalizations: ['ExclusiveC14N'],
} as const;

/** The issuer is `signer`; whoever holds the key or vouches is `ec256` or `recipient`; what is encrypted is for `recipient`. */
function settingsFor(confirmation: Confirmation, changes: Partial<VerifySettings['saml']> = {}): VerifySettings {
  const trust = new TrustStore({ anchors: [pki.ca.certificate], intermediates: [pki.intermediate.certificate] });
  return {
    removeSecurityHeader: true,
    timestamp: { required: true, maxAge: 300_000, clockSkew: 60_000, maxLifetime: 3_600_000 },
    ...(confirmation !== 'Bearer' && {
      signature: {
        ...(confirmation === 'SenderVouches' && { trust }),
        secrets: [],
        requiredParts: [BODY, TIMESTAMP],
        accept,
      },
    }),
    decryption: {
      keys: [{ key: pki.recipient.key, certificate: pki.recipient.certificate, name: 'recipient' }],
      requiredParts: [],
      accept: { dataAlgorithms: ['AES256-GCM'], keyTransports: ['RSA-OAEP', 'RSA-OAEP-MGF1P'] },
      requireSignedEncryptedData: false,
    },
    saml: {
      versions: ['1.1', '2.0'],
      trust: new TrustStore({ anchors: [], pinned: [pki.signer.certificate] }),
      accept,
      issuers: [ISSUER],
      audiences: [AUDIENCE],
      recipients: [],
      confirmations: [confirmation],
      signatureRequired: true,
      clockSkew: 60_000,
      maxLifetime: 3_600_000,
      ...changes,
    },
    signatureConfirmation: false,
    replay: { window: 600_000, onCacheUnavailable: 'Refuse' },
  };
}

const methods = { Bearer: 'bearer', HolderOfKey: 'holder-of-key', SenderVouches: 'sender-vouches' } as const;
interface Row {
  readonly version: '1.1' | '2.0';
  readonly confirmation: Confirmation;
  readonly fields: Fields;
}
const either = (name: string): Fields[] => [{}, { [name]: 'true' }];
const rows: Row[] = (['1.1', '2.0'] as const).flatMap((version): Row[] => [
  ...either('encrypted').map((fields): Row => ({ version, confirmation: 'Bearer', fields })),
  ...['X509', 'KeyValue', 'Secret'].flatMap((proof) =>
    either('signToken').flatMap((signToken) =>
      either('encrypted').map((encrypted): Row => ({
        version,
        confirmation: 'HolderOfKey',
        fields: { proof, ...signToken, ...encrypted },
      })),
    ),
  ),
  ...either('encrypted').map((fields): Row => ({ version, confirmation: 'SenderVouches', fields })),
  // SAML 1.1 has no EncryptedAssertion.
  ...(version === '2.0' ? either('keyBeside') : []).flatMap((beside): Row[] => [
    { version, confirmation: 'Bearer', fields: { encryptedAssertion: 'true', ...beside } },
    { version, confirmation: 'HolderOfKey', fields: { proof: 'X509', encryptedAssertion: 'true', ...beside } },
    { version, confirmation: 'HolderOfKey', fields: { proof: 'Secret', encryptedAssertion: 'true', ...beside } },
  ]),
  { version, confirmation: 'SenderVouches', fields: { signed: 'false' } },
  { version, confirmation: 'SenderVouches', fields: { direct: 'true' } },
  { version, confirmation: 'HolderOfKey', fields: { proof: 'X509', direct: 'true' } },
]);

let wss4j: Wss4j;
before(async () => {
  wss4j = await Wss4j.start(pki);
});
after(() => wss4j.close());

async function theirs({ version, confirmation, fields }: Row): Promise<Buffer> {
  const { payload } = await wss4j.call(
    'saml',
    {
      ...{ version, method: methods[confirmation], issuer: 'signer', issuerName: ISSUER, name: 'alice <&> bob' },
      ...{ audience: AUDIENCE, subject: 'recipient', voucher: 'recipient', recipient: 'recipient' },
      ...{ soap: namespaceOf('1.1'), ...fields },
    },
    makeMessage('plain', '1.1'),
  );
  return payload;
}

describe('assertions of WSS4J', () => {
  for (const row of rows) {
    const { version, confirmation, fields } = row;
    it(`SAML ${version} ${confirmation} ${Object.entries(fields).flat().join(' ')}`, async () => {
      const message = await theirs(row);
      const using = settingsFor(confirmation, { signatureRequired: fields['signed'] !== 'false' });
      const { identity } = verifyOurs(message, using);
      assert.deepEqual(identity.saml, {
        subject: 'alice <&> bob',
        ...(identity.saml?.nameFormat !== undefined && { nameFormat: identity.saml.nameFormat }),
        issuer: ISSUER,
        attributes: new Map([['role', ['clerk', 'buyer & <more>']]]),
        confirmation,
      });
      if (fields['encryptedAssertion'] !== undefined) assert.ok(message.includes(':EncryptedAssertion'));
      if (fields['encrypted'] === undefined && fields['encryptedAssertion'] === undefined)
        assert.ok(message.includes('Assertion'));
      else assert.ok(!message.includes('alice'));
      assert.throws(() => verifyOurs(message, settingsFor(confirmation, { audiences: ['urn:other'] })));
    });
  }

  it('a changed name, attribute or key is refused', async () => {
    const message = await theirs({ version: '2.0', confirmation: 'HolderOfKey', fields: { proof: 'X509' } });
    for (const [before, after] of [
      ['alice', 'mallo'],
      ['clerk', 'admin'],
    ]) {
      const forged = Buffer.from(message.toString().replace(before, after));
      assert.throws(() => verifyOurs(forged, settingsFor('HolderOfKey')), { code: 'ERR_WSS_DIGEST_MISMATCH' });
    }
  });

  it('one that may be used once is to be remembered', async () => {
    const message = await theirs({ version: '2.0', confirmation: 'Bearer', fields: { once: 'true' } });
    assert.ok(verifyOurs(message, settingsFor('Bearer')).replay.some(({ kind }) => kind === 'assertion'));
  });

  it('xmlsec1 finds the same signatures good', async () => {
    for (const [version, { namespace, idAttribute }] of [['1.1', SAML1] as const, ['2.0', SAML2] as const]) {
      const message = await theirs({ version, confirmation: 'Bearer', fields: {} });
      const index = scan(message);
      const [element] = Array.from({ length: index.elementCount }, (_, at) => at).filter((at) =>
        index.is(at, namespace, 'Assertion'),
      );
      const files = { 'assertion.xml': selfContained(index, element), 'key.pem': pki.signer.certificatePem };
      const id = [`--id-attr:${idAttribute}`, `${namespace}:Assertion`];
      xmlsec1(['--verify', ...id, '--pubkey-cert-pem', 'key.pem', 'assertion.xml'], files);
    }
  });
});
