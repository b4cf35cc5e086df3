import assert from 'node:assert/strict';
import { createSecretKey, hash } from 'node:crypto';
import { describe, test } from 'node:test';
import { ALICE, ASSERTION_SETTINGS, assertionFor } from '../../test/support/assertions.ts';
import {
  encryptionSettings,
  order,
  pki,
  readMessage,
  secureContext,
  secureSettings,
  signatureSettings,
  signingKey,
  TIMESTAMP_SETTINGS,
} from '../../test/support/securing.ts';
import { decisionRecord } from '../decisions/record.ts';
import type { SentFacts } from './evidence.ts';
import { EMPTY_EXCHANGE } from './exchange-state.ts';
import { secure, type SecureContext } from './secure.ts';
import type { SecureSettings } from './settings.ts';

async function sent(settings: Partial<SecureSettings>, context: Partial<SecureContext> = {}) {
  const wanted = secureSettings({ timestamp: TIMESTAMP_SETTINGS, ...settings });
  const secured = await secure(readMessage(order()), wanted, { ...secureContext(), evidence: true, ...context });
  assert.ok(secured.evidence);
  return { text: secured.bytes.toString(), evidence: secured.evidence };
}

const valuesIn = (text: string) =>
  Array.from(text.matchAll(/<ds:SignatureValue>([^<]+)</g), ([, value]) =>
    hash('sha256', Buffer.from(value, 'base64')),
  );

describe('what a decision log keeps of a message that leaves', () => {
  test('each signature over the signature, with its key', async () => {
    const signature = signatureSettings();
    const alice = { ...signature, parts: [], signed: true, key: { ...signingKey(pki.signer), name: 'alice-keys' } };
    const mac = {
      ...({ ...alice, algorithm: 'HMAC-SHA256', keyIdentifier: 'KeyName' } as const),
      key: { key: createSecretKey(Buffer.alloc(32, 7)), chain: [], name: 'mac' },
    };
    const endorsing = [alice, mac];
    const { text, evidence } = await sent({ signature, endorsing });
    const made = [evidence.signature, ...(evidence.endorsing ?? [])];
    assert.deepEqual(made.map((one) => one?.valueSha256).sort(), valuesIn(text).sort());
    assert.deepEqual(
      evidence.endorsing?.map(({ secret, algorithm, parts }) => [secret, algorithm, parts]),
      [
        ['alice-keys', 'RSA-SHA256', ['Signature']],
        ['mac', 'HMAC-SHA256', ['Signature']],
      ],
    );
    const { fingerprint } = pki.signer.certificate;
    assert.deepEqual(
      evidence.endorsing?.map(({ certificate }) => certificate?.sha256),
      [fingerprint, undefined],
    );
    assert.equal('endorsing' in (await sent({ signature })).evidence, false);
  });

  test('where the key comes from that encrypts, if it is not a new one', async () => {
    const { evidence } = await sent({ encryption: encryptionSettings() });
    assert.equal(evidence.encryption?.keyTransport, 'RSA-OAEP');
    assert.equal(evidence.encryption?.recipient?.sha256, pki.recipient.certificate.fingerprint);
    assert.equal('dataKey' in evidence.encryption, false);
    const key = Buffer.alloc(32, 3);
    const exchange = {
      ...EMPTY_EXCHANGE,
      encryptedKeys: [{ sha1: hash('sha1', key, 'base64'), key, received: true as const }],
    };
    const settings = encryptionSettings({ dataKey: 'Request', recipient: undefined });
    const answer = await sent({ encryption: settings }, { exchange });
    assert.deepEqual(answer.evidence.encryption, {
      dataAlgorithm: 'AES256-GCM',
      dataKey: 'Request',
      parts: ['Envelope/Body'],
    });
  });

  test('the assertion that the gateway made', async () => {
    const token = await assertionFor({ confirmation: 'SenderVouches' });
    const { text, evidence } = await sent({ securityToken: true, signature: signatureSettings() }, { token });
    const { version, issuer, signature } = ASSERTION_SETTINGS;
    const expected = { version, issuer, subject: ALICE.subject.name, confirmation: 'SenderVouches' };
    assert.deepEqual(evidence.assertion, {
      ...{ ...expected, id: /ID="([^"]+)"/.exec(text)?.[1] },
      secret: signature.key.name,
    });
    const line = JSON.stringify(lineOf(evidence));
    assert.ok(line.includes(issuer));
  });

  test('of a subject that a peer named a line keeps a part', async () => {
    const subject = { ...ALICE.subject, name: 'a'.repeat(100_000) };
    const { evidence } = await sent(
      { securityToken: true },
      { token: await assertionFor({ confirmation: 'SenderVouches' }, { ...ALICE, subject }) },
    );
    assert.ok(JSON.stringify(lineOf(evidence)).length < 3000);
  });
});

function lineOf(facts: SentFacts) {
  return decisionRecord(
    {
      ...{
        policy: 'shop/orders',
        phase: 'request',
        correlationId: 'id',
        outcome: 'forwarded',
        bytesIn: 1,
        bytesOut: 2,
      },
      ...{ durations: {}, total: 1, legacyAlgorithms: [] },
      evidence: { generation: 1, version: 'v', sent: facts },
    },
    0,
  );
}
