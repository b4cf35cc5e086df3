/** The symmetric binding with WSS4J: derived keys of both versions, keys of passwords, and signatures over signatures. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TrustStore } from '../../extproc/keys/trust-store.ts';
import type { SecureSettings, VerifySettings } from '../../extproc/wss/settings.ts';
import { pki } from './keys.ts';
import { secureOurs, verifyOurs } from './ours.ts';
import { makeMessage } from './shapes.ts';
import { USER, Wss4j } from './wss4j.ts';

let wss4j: Wss4j;
before(async () => {
  wss4j = await Wss4j.start(pki);
});
after(() => wss4j.close());

const message = makeMessage('plain', '1.1');
const body = { kind: 'Body', mode: 'Content', optional: false } as const;
const timestamp = { kind: 'Timestamp', mode: 'Element', optional: false } as const;
const trust = new TrustStore({ anchors: [pki.ca.certificate], intermediates: [pki.intermediate.certificate] });
const plain = { digest: 'SHA256', canonicalization: 'ExclusiveC14N', inclusiveNamespaces: 'Auto' } as const;
const accept = (algorithm: 'HMAC-SHA256' | 'RSA-SHA256') =>
  ({ algorithms: [algorithm], digests: ['SHA256'], canonicalizations: ['ExclusiveC14N'] }) as const;

const demands = (base: string, endorse: boolean): VerifySettings => ({
  removeSecurityHeader: true,
  timestamp: { required: true, maxAge: 300_000, clockSkew: 60_000, maxLifetime: 3_600_000 },
  decryption: {
    keys: [{ key: pki.recipient.key, certificate: pki.recipient.certificate, name: 'recipient' }],
    requiredParts: [body],
    accept: { dataAlgorithms: ['AES256-GCM'], keyTransports: ['RSA-OAEP', 'RSA-OAEP-MGF1P'] },
    requireSignedEncryptedData: false,
  },
  signature: { secrets: [], requiredParts: [body, timestamp], accept: accept('HMAC-SHA256') },
  ...(endorse && {
    endorsing: { trust, secrets: [], requiredParts: [], accept: accept('RSA-SHA256'), signed: false },
  }),
  ...(base === 'UsernameToken' && {
    usernameToken: {
      ...{ users: new Map([[USER.name, USER.password]]), passwordTypes: ['DerivedKey'], maxIterations: 1000 },
      ...{ maxAge: 300_000, clockSkew: 60_000 },
    },
  }),
  signatureConfirmation: false,
  replay: { window: 0, onCacheUnavailable: 'Refuse' },
});

function settings(base: string, version: '2005/02' | '2005/12', endorse: boolean): SecureSettings {
  const ofUser = base === 'UsernameToken';
  const keyIdentifier = base as 'EncryptedKey' | 'EncryptedKeySHA1' | 'UsernameToken';
  const signer = { key: pki.signer.key, certificate: pki.signer.certificate, chain: [], name: 'signer' };
  const user = { username: USER.name, password: USER.password, passwordType: 'None', nonce: false } as const;
  const sign = { ...plain, algorithm: 'HMAC-SHA256', confirm: false, derivedKey: { version } } as const;
  const by = { ...plain, algorithm: 'RSA-SHA256', keyIdentifier: 'BinarySecurityToken', confirm: false } as const;
  return {
    ...{ mustUnderstand: true, layout: 'Strict', order: 'SignThenEncrypt' },
    timestamp: { ttl: 300_000, precision: 'Milliseconds' },
    ...(ofUser && {
      usernameToken: { ...user, created: true, derivedKey: { iterations: 1000, usage: 'MAC' } },
    }),
    signature: { ...sign, keyIdentifier, parts: [body, timestamp] },
    ...(endorse && { endorsing: [{ ...by, parts: [], key: signer, signed: true }] }),
    encryption: {
      ...(ofUser
        ? { dataKey: 'UsernameToken' }
        : { recipient: { certificate: pki.recipient.certificate, name: 'recipient' } }),
      ...{ dataAlgorithm: 'AES256-GCM', keyTransport: 'RSA-OAEP', oaep: { digest: 'SHA256', mgf: 'MGF1-SHA256' } },
      ...{ keyIdentifier: 'ThumbprintSHA1', parts: [body], derivedKey: { version } },
    },
  };
}

for (const base of ['EncryptedKey', 'EncryptedKeySHA1', 'UsernameToken']) {
  for (const version of ['2005/12', '2005/02'] as const) {
    for (const endorse of [false, true]) {
      const name = `${version} from ${base}${endorse ? ', endorsed' : ''}`;
      test(`we accept what WSS4J derives: ${name}`, async () => {
        const fields = { base, version, endorse: String(endorse), user: USER.name, password: USER.password };
        const { payload } = await wss4j.call('derived', fields, message);
        const verified = verifyOurs(payload, demands(base, endorse));
        assert.equal(await wss4j.normalize(verified.bytes), await wss4j.normalize(message));
        const signer = endorse ? pki.signer.certificate.fingerprint : undefined;
        assert.equal(verified.identity.certificate?.fingerprint, signer);
        assert.equal(verified.identity.username, base === 'UsernameToken' ? USER.name : undefined);
      });

      test(`WSS4J accepts what we derive: ${name}`, async () => {
        const { bytes, exchange } = await secureOurs(message, settings(base, version, endorse));
        // WSS4J asks its application for a key that a DerivedKeyToken names by its hash, even for one of this message.
        for (const { sha1, key } of exchange.encryptedKeys) {
          await wss4j.call('secret', { name: sha1, value: Buffer.from(key).toString('base64') });
        }
        const { fields, payload } = await wss4j.call('verify', { engine: 'dom', noPassword: 'true' }, bytes);
        assert.match(fields['signed'], /Body/);
        assert.equal(fields['signed'].includes('Signature'), endorse);
        assert.match(fields['encrypted'], /Body/);
        assert.equal(await wss4j.normalize(payload), await wss4j.normalize(message));
      });
    }
  }
}
