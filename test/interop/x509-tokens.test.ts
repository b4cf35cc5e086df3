/** PKIPath tokens with Apache WSS4J, both ways. It knows no PKCS7 tokens: OpenSSL is the second opinion on those. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Case } from './cases.ts';
import { pki } from './keys.ts';
import { secureOurs, secureSettings, verifyOurs, verifySettings } from './ours.ts';
import { makeMessage } from './shapes.ts';
import { expectedSigned, secureFields, verifyFields } from './theirs.ts';
import { Wss4j } from './wss4j.ts';

const cases: Case[] = (['Body', 'Token'] as const).map((last) => ({
  ...({ name: last, soap: '1.1', shape: 'plain', milliseconds: true, order: 'SignThenEncrypt' } as const),
  signature: {
    ...({ algorithm: 'RSA-SHA256', digest: 'SHA256', canonicalization: 'ExclusiveC14N', prefixes: true } as const),
    keyIdentifier: 'BinarySecurityToken',
    parts: [...new Set(['Body', 'Timestamp', last] as const)],
  },
}));

let wss4j: Wss4j;
before(async () => {
  wss4j = await Wss4j.start(pki);
});
after(() => wss4j.close());

for (const item of cases) {
  describe(`a PKIPath, ${item.name === 'Token' ? 'signed through the STR-Transform' : 'not signed'}`, () => {
    it('of ours', async () => {
      const message = makeMessage(item.shape, item.soap);
      const settings = secureSettings(item);
      const { signature } = settings;
      assert.ok(signature?.key);
      const key = { ...signature.key, chain: [pki.intermediate.certificate, pki.ca.certificate] };
      const own = { ...settings, signature: { ...signature, key, tokenType: 'X509PKIPathv1' as const } };
      const { bytes } = await secureOurs(message, own);
      assert.ok(bytes.includes('#X509PKIPathv1'));
      const { fields } = await wss4j.call('verify', verifyFields(item, 'dom'), bytes);
      assert.deepEqual(fields['signed'].split(';').sort(), expectedSigned(item).sort());
    });

    it('of WSS4J', async () => {
      const message = makeMessage(item.shape, item.soap);
      const fields = { ...secureFields(item, 'dom'), 'sig.pkiPath': 'true' };
      const { payload } = await wss4j.call('secure', fields, message);
      assert.ok(payload.includes('#X509PKIPathv1'));
      const verified = verifyOurs(payload, verifySettings(item));
      assert.equal(verified.identity.certificate, pki.signer.certificate);
      assert.equal(await wss4j.normalize(verified.bytes), await wss4j.normalize(message));
    });
  });
}
