/** What needs a request and its answer, an actor, or a key that is not one of the plain ones. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { dataAlgorithms, digests, signatureAlgorithms, canonicalizations } from '../../extproc/wss/algorithms.ts';
import { SignatureConfirmationError, SignatureMissingError } from '../../extproc/wss/errors.ts';
import type { ExchangeState } from '../../extproc/wss/exchange-state.ts';
import { WSSE11, WSU } from '../../extproc/wss/namespaces.ts';
import type { SecureSettings } from '../../extproc/wss/settings.ts';
import { allCases, dataAlgorithmNames, type Case } from './cases.ts';
import { pki } from './keys.ts';
import { secureOurs, secureSettings, verifyOurs, verifySettings } from './ours.ts';
import { makeMessage, namespaceOf } from './shapes.ts';
import { secureFields, verifyFields } from './theirs.ts';
import { Wss4j, Wss4jError, type Fields } from './wss4j.ts';

const CONFIRMATION = `Element|${WSSE11}|SignatureConfirmation`;
const ACTOR = 'http://example.org/gateway';

let wss4j: Wss4j;
before(async () => {
  wss4j = await Wss4j.start(pki);
});
after(() => wss4j.close());

const find = (name: string): Case => {
  const found = allCases(dataAlgorithmNames).find((item) => item.name === name);
  assert.ok(found);
  return found;
};
const signed = find('RSA-SHA256 by BinarySecurityToken');
const encrypted = find('AES256-GCM to IssuerSerial');
const message = makeMessage('plain', '1.1');
const answer = makeMessage('default namespaces', '1.1');
const both: Case = { ...signed, encryption: encrypted.encryption };

describe('SignatureConfirmation', () => {
  it("WSS4J's request is confirmed by our answer", async () => {
    const request = await wss4j.call('secure', secureFields(signed, 'dom'), message);
    const { exchange } = verifyOurs(request.payload, verifySettings(signed));
    const settings = secureSettings(signed);
    assert.ok(settings.signature);
    const { bytes } = await secureOurs(
      answer,
      { ...settings, signature: { ...settings.signature, confirm: true } },
      exchange,
    );
    for (const engine of ['dom', 'stax'] as const) {
      const { fields } = await wss4j.call('verify', verifyFields(signed, engine), bytes);
      assert.match(fields['signed'], /SignatureConfirmation/);
      if (engine === 'dom') assert.equal(fields['confirmed'], exchange.verifiedSignatures.join(';'));
    }
  });

  for (const engine of ['dom', 'stax'] as const) {
    it(`our request is confirmed by the answer of ${engine}`, async () => {
      const { exchange } = await secureOurs(message, secureSettings(signed));
      const settings = { ...verifySettings(signed), signatureConfirmation: true };
      const { payload } = await confirm(exchange.sentSignatures, engine);
      assert.equal(await wss4j.normalize(verifyOurs(payload, settings, exchange).bytes), await wss4j.normalize(answer));
      const wrong = await confirm([Buffer.alloc(256).toString('base64')], engine);
      assert.throws(() => verifyOurs(wrong.payload, settings, exchange), SignatureConfirmationError);
      const none = await wss4j.call('secure', secureFields(signed, engine), answer);
      assert.throws(() => verifyOurs(none.payload, settings, exchange), SignatureConfirmationError);
    });
  }

  const confirm = (values: readonly string[], engine: 'dom' | 'stax') => {
    const fields = secureFields(signed, engine);
    const parts = `${fields['sig.parts']};${CONFIRMATION}`;
    const actions = 'Timestamp;SignatureConfirmation;Signature';
    return wss4j.call('secure', { ...fields, actions, confirm: values.join(';'), 'sig.parts': parts }, answer);
  };
});

describe('keys of the exchange', () => {
  it('our answer is encrypted to whoever signed the request', async () => {
    const request = await wss4j.call('secure', secureFields(signed, 'dom'), message);
    const { exchange } = verifyOurs(request.payload, verifySettings(signed));
    const settings = secureSettings(both);
    assert.ok(settings.encryption);
    const encryption = { ...settings.encryption, recipient: 'RequestSigner' as const };
    const { bytes } = await secureOurs(answer, { ...settings, encryption }, exchange);
    assert.match(bytes.toString(), new RegExp(`<ds:X509SerialNumber>${pki.signer.certificate.serialNumber}<`));
    const { payload } = await wss4j.call('verify', verifyFields(both, 'dom'), bytes);
    assert.equal(await wss4j.normalize(payload), await wss4j.normalize(answer));
  });

  it("WSS4J's answer is signed and encrypted with the key that our request carried", async () => {
    const { exchange } = await secureOurs(message, secureSettings(encrypted));
    const session = await handOver(exchange);
    const { payload } = await wss4j.call('secure', sessionFields(session), answer);
    const settings = verifySettings({ ...find('HMAC-SHA256 by EncryptedKeySHA1') });
    assert.equal(await wss4j.normalize(verifyOurs(payload, settings, exchange).bytes), await wss4j.normalize(answer));
  });

  it('our answer is signed with the key that the request of WSS4J carried', async () => {
    const request = await wss4j.call('secure', secureFields(both, 'dom'), message);
    const { exchange } = verifyOurs(request.payload, verifySettings(both));
    await handOver(exchange);
    const item = { ...find('HMAC-SHA256 by EncryptedKeySHA1'), encryption: undefined };
    const { bytes } = await secureOurs(answer, secureSettings(item), exchange);
    assert.doesNotMatch(bytes.toString(), /<xenc:EncryptedKey/);
    const { payload } = await wss4j.call('verify', verifyFields(item, 'dom'), bytes);
    assert.equal(await wss4j.normalize(payload), await wss4j.normalize(answer));
  });

  /** Gives WSS4J the last key of the exchange, as a client keeps the keys that it knows. */
  async function handOver(exchange: ExchangeState): Promise<string> {
    const last = exchange.encryptedKeys.at(-1);
    assert.ok(last);
    await wss4j.call('secret', { name: last.sha1, value: Buffer.from(last.key).toString('base64') });
    return last.sha1;
  }

  const sessionFields = (session: string): Fields => ({
    engine: 'dom',
    session,
    actions: 'Timestamp;Signature;Encryption',
    'sig.algorithm': signatureAlgorithms['HMAC-SHA256'].uri,
    'sig.digest': digests.SHA256.uri,
    'sig.c14n': canonicalizations.ExclusiveC14N.uri,
    'sig.keyIdentifier': 'EncryptedKeySHA1',
    'sig.parts': `Element|${namespaceOf('1.1')}|Body;Element|${WSU}|Timestamp`,
    'enc.key': 'recipient',
    'enc.data': dataAlgorithms['AES256-GCM'].uri,
    'enc.transport': '',
    'enc.keyIdentifier': 'EncryptedKeySHA1',
    'enc.parts': `Content|${namespaceOf('1.1')}|Body`,
  });
});

describe('actors', () => {
  const ours: SecureSettings = { ...secureSettings(signed), actor: ACTOR };

  for (const [version, text] of [
    ['1.1', ':actor='],
    ['1.2', ':role='],
  ] as const) {
    it(`WSS4J finds our header of SOAP ${version} by its actor`, async () => {
      const { bytes } = await secureOurs(makeMessage('plain', version), ours);
      assert.ok(bytes.includes(`${text}"${ACTOR}"`));
      const fields = verifyFields(signed, 'dom');
      await wss4j.call('verify', { ...fields, actor: ACTOR }, bytes);
      await assert.rejects(wss4j.call('verify', fields, bytes), Wss4jError);
    });

    it(`we find the header of WSS4J of SOAP ${version} by its actor, and leave another's alone`, async () => {
      const first = await wss4j.call(
        'secure',
        secureFields(find('UsernameToken Text'), 'dom'),
        makeMessage('plain', version),
      );
      const fields = {
        ...secureFields({ ...signed, soap: version }, 'dom'),
        actor: ACTOR,
        'sig.parts': `Element|${namespaceOf(version)}|Body`,
      };
      const second = await wss4j.call('secure', { ...fields, actions: 'Signature' }, first.payload);
      const settings = verifySettings({
        ...signed,
        signature: signed.signature && { ...signed.signature, parts: ['Body'] },
      });
      const { bytes } = verifyOurs(second.payload, { ...settings, actor: ACTOR, timestamp: undefined });
      const left = /<wsse:Security.*<\/wsse:Security>/s;
      assert.equal(left.exec(bytes.toString())?.[0], left.exec(first.payload.toString())?.[0]);
      assert.throws(() => verifyOurs(second.payload, settings), SignatureMissingError);
    });
  }
});

describe('certificate paths', () => {
  it('we read the path of a PKIPath token', async () => {
    const fields = { ...secureFields(signed, 'dom'), 'sig.pkiPath': 'true' };
    const { payload } = await wss4j.call('secure', fields, message);
    assert.match(payload.toString(), /#X509PKIPathv1/);
    assert.deepEqual(verifyOurs(payload, verifySettings(signed)).identity.certificate?.der, pki.signer.certificate.der);
  });
});
