/**
 * The symmetric binding: one key signs and encrypts, keys are derived from it, an answer is protected with the key of its
 * request, and signatures are signed. What we write we accept, and what somebody else would make of it we refuse.
 */

import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { TrustStore } from '../../extproc/keys/trust-store.ts';
import { EMPTY_EXCHANGE, type ExchangeState } from '../../extproc/wss/exchange-state.ts';
import type {
  EncryptionSettings,
  SecureSettings,
  SignatureSettings,
  VerifySettings,
  VerifySignatureSettings,
} from '../../extproc/wss/settings.ts';
import { secure } from '../../extproc/wss/secure.ts';
import { verify, type Verified } from '../../extproc/wss/verify.ts';
import { DEFAULT_LIMITS } from '../../extproc/xml/limits.ts';
import {
  BODY,
  secureContext,
  encryptionSettings,
  NOW,
  order,
  pki,
  readMessage,
  SIGNATURE,
  secureSettings,
  signatureSettings,
  signingKey,
  TIMESTAMP,
  USERNAME_TOKEN,
} from '../support/securing.ts';

const users = new Map([['alice', 'open sesame']]);
const HMAC = ['HMAC-SHA1', 'HMAC-SHA256', 'HMAC-SHA384', 'HMAC-SHA512'] as const;
const versions = ['2005/12', '2005/02'] as const;
const hmac: Partial<SignatureSettings> = { key: undefined, algorithm: 'HMAC-SHA256', parts: [BODY, TIMESTAMP] };
const symmetric = signatureSettings({ ...hmac, keyIdentifier: 'EncryptedKey' });
const toBackend = encryptionSettings({
  recipient: { certificate: pki.recipient.certificate, name: 'recipient' },
  parts: [BODY],
});
const timestamp = { ttl: 300_000, precision: 'Milliseconds' } as const;
const endorsing = { ...signatureSettings({ parts: [] }), key: signingKey(pki.signer), signed: true };
const trust = new TrustStore({ anchors: [pki.ca.certificate], intermediates: [pki.intermediate.certificate] });

const signed = (changes: Partial<VerifySignatureSettings> = {}): VerifySignatureSettings => ({
  secrets: [],
  requiredParts: [BODY, TIMESTAMP],
  accept: { algorithms: [...HMAC], digests: ['SHA256'], canonicalizations: ['ExclusiveC14N'] },
  ...changes,
});
const endorsed = {
  ...signed({ trust, requiredParts: [] }),
  accept: { algorithms: ['RSA-SHA256'], digests: ['SHA256'], canonicalizations: ['ExclusiveC14N'] },
  signed: false,
} as const;

function demands(changes: Partial<VerifySettings> = {}): VerifySettings {
  return {
    removeSecurityHeader: true,
    timestamp: { required: true, maxAge: 300_000, clockSkew: 60_000, maxLifetime: 3_600_000 },
    decryption: {
      keys: [{ key: pki.recipient.key, certificate: pki.recipient.certificate, name: 'recipient' }],
      requiredParts: [],
      accept: { dataAlgorithms: ['AES256-GCM', 'AES128-GCM'], keyTransports: ['RSA-OAEP'] },
      requireSignedEncryptedData: false,
    },
    signature: signed(),
    signatureConfirmation: false,
    replay: { window: 0, onCacheUnavailable: 'Refuse' },
    ...changes,
  };
}

async function make(changes: Partial<SecureSettings>, exchange: ExchangeState = EMPTY_EXCHANGE) {
  const { bytes, exchange: after } = await secure(
    readMessage(order()),
    secureSettings({ timestamp, ...changes }),
    secureContext(exchange),
  );
  return { text: bytes.toString(), exchange: after };
}

function check(text: string, changes: Partial<VerifySettings> = {}, exchange = EMPTY_EXCHANGE): Verified {
  return verify(readMessage(text), demands(changes), { now: NOW, exchange, limits: DEFAULT_LIMITS });
}

function refusal(text: string, changes: Partial<VerifySettings> = {}, exchange = EMPTY_EXCHANGE): string {
  try {
    check(text, changes, exchange);
    return 'accepted';
  } catch (error) {
    return (error as Error).name;
  }
}

const readable = ({ bytes }: Verified) => assert.match(bytes.toString(), /Zoë/);

describe('one EncryptedKey signs and encrypts', () => {
  for (const order of ['SignThenEncrypt', 'EncryptThenSign'] as const) {
    for (const keyIdentifier of ['EncryptedKey', 'EncryptedKeySHA1'] as const) {
      for (const derived of [undefined, ...versions] as const) {
        for (const layout of ['Lax', 'Strict'] as const) {
          test(`${order}, ${keyIdentifier}, ${derived ?? 'itself'}, ${layout}`, async () => {
            const derivedKey = derived && { derivedKey: { version: derived } };
            const { text } = await make({
              order,
              layout,
              signature: { ...symmetric, keyIdentifier, ...derivedKey },
              encryption: { ...toBackend, ...derivedKey },
              endorsing: [endorsing],
            });
            assert.equal((text.match(/<xenc:EncryptedKey /g) ?? []).length, 1);
            assert.equal((text.match(/<wsc:DerivedKeyToken /g) ?? []).length, derived ? 2 : 0);
            const verified = check(text, { endorsing: { ...endorsed, signed: true } });
            readable(verified);
            assert.equal(verified.identity.certificate?.fingerprint, pki.signer.certificate.fingerprint);
            assert.equal(verified.exchange.verifiedSignatures.length, 2);
          });
        }
      }
    }
  }

  test('with an encrypted signature', async () => {
    const derivedKey = { version: '2005/12' } as const;
    const encryption = { ...toBackend, derivedKey, parts: [BODY, SIGNATURE] };
    const { text } = await make({ signature: { ...symmetric, derivedKey }, encryption, endorsing: [endorsing] });
    readable(check(text, { endorsing: endorsed }));
  });
});

describe('an answer is protected with the key of its request', () => {
  for (const derived of [undefined, ...versions] as const) {
    test(`by ${derived ?? 'the key itself'}`, async () => {
      const derivedKey = derived && { derivedKey: { version: derived } };
      const request = await make({ signature: symmetric, encryption: toBackend });
      const { exchange } = check(request.text);
      const encryption: EncryptionSettings = { ...toBackend, recipient: undefined, dataKey: 'Request', ...derivedKey };
      const answer = await make({ signature: { ...symmetric, ...derivedKey }, encryption }, exchange);
      assert.doesNotMatch(answer.text, /<xenc:EncryptedKey /);
      const { decryption } = demands();
      assert.ok(decryption);
      readable(check(answer.text, { decryption: { ...decryption, keys: [] } }, request.exchange));
      assert.equal(refusal(answer.text, {}, EMPTY_EXCHANGE), 'KeyNotFoundError');
    });
  }

  test('and not with one that somebody added on the way', async () => {
    const request = await make({ signature: symmetric, encryption: toBackend });
    const added = await make({ signature: symmetric, encryption: { ...toBackend, parts: [] } });
    const key = /<xenc:EncryptedKey .*?<\/xenc:EncryptedKey>/.exec(added.text)?.[0] ?? '';
    const { exchange } = check(request.text.replace('<xenc:EncryptedKey ', `${key}<xenc:EncryptedKey `));
    const expected = request.exchange.encryptedKeys[0].sha1;
    assert.deepEqual(
      exchange.encryptedKeys.map(({ sha1 }) => sha1),
      [expected],
    );
  });

  test('a key that came with the answer proves nothing where we sent one', async () => {
    const request = await make({ signature: symmetric, encryption: toBackend });
    const forged = await make({ signature: symmetric, encryption: toBackend });
    assert.equal(refusal(forged.text, {}, request.exchange), 'KeyNotFoundError');
  });
});

describe('keys that are derived from a password', () => {
  const user = {
    username: 'alice',
    password: 'open sesame',
    passwordType: 'None',
    nonce: false,
    created: true,
  } as const;
  const verifyUser = {
    users,
    passwordTypes: ['DerivedKey'],
    maxIterations: 2000,
    maxAge: 300_000,
    clockSkew: 0,
  } as const;
  const by = (username: string, password: string, iterations = 1000): Partial<SecureSettings> => ({
    usernameToken: { ...user, username, password, derivedKey: { iterations, usage: 'MAC' } },
    signature: signatureSettings({ ...hmac, keyIdentifier: 'UsernameToken' }),
  });

  test('prove who signed', async () => {
    for (const derivedKey of [undefined, { version: '2005/12' }] as const) {
      const settings = by('alice', 'open sesame');
      const signature = { ...settings.signature, ...(derivedKey && { derivedKey }) } as SignatureSettings;
      const { text } = await make({ ...settings, signature });
      assert.doesNotMatch(text, /Password|open sesame/);
      const verified = check(text, { usernameToken: verifyUser });
      assert.deepEqual(verified.identity.username, 'alice');
    }
  });

  test('encrypt, through derived keys and with their first octets', async () => {
    const derivedKey = { version: '2005/12' } as const;
    const both = await make({
      ...by('alice', 'open sesame'),
      signature: signatureSettings({ ...hmac, keyIdentifier: 'UsernameToken', derivedKey }),
      encryption: { ...toBackend, recipient: undefined, dataKey: 'UsernameToken', derivedKey },
    });
    readable(check(both.text, { usernameToken: verifyUser }));
    const direct = await make({
      usernameToken: { ...user, derivedKey: { iterations: 1000, usage: 'Encryption' } },
      encryption: { ...toBackend, recipient: undefined, dataKey: 'UsernameToken', dataAlgorithm: 'AES128-GCM' },
    });
    // Who encrypts has signed nothing, so that the user is not proved.
    assert.equal(refusal(direct.text, { usernameToken: verifyUser, signature: undefined }), 'BadCredentialsError');
    const wrongUse = direct.text.replace(/<wsse11:Salt[^>]*>[^<]*/, (salt) => salt.replace(/>.*/, `>${salted(1)}`));
    assert.equal(refusal(wrongUse, { usernameToken: verifyUser, signature: undefined }), 'KeyNotAcceptedError');
  });

  const salted = (first: number) => Buffer.concat([Buffer.of(first), randomBytes(15)]).toString('base64');

  test('of the wrong password, of a stranger, or of too many rounds are refused', async () => {
    const wrong = await make(by('alice', 'guess'));
    assert.equal(refusal(wrong.text, { usernameToken: verifyUser }), 'SignatureInvalidError');
    const stranger = await make(by('mallory', 'the password of nobody'));
    assert.equal(refusal(stranger.text, { usernameToken: verifyUser }), 'SignatureInvalidError');
    const slow = await make(by('alice', 'open sesame', 2001));
    assert.equal(refusal(slow.text, { usernameToken: verifyUser }), 'InvalidTokenError');
    const good = await make(by('alice', 'open sesame'));
    const passwords = { ...verifyUser, passwordTypes: ['Digest', 'None'] } as const;
    assert.equal(refusal(good.text, { usernameToken: passwords }), 'PasswordTypeNotAcceptedError');
    assert.equal(
      refusal(good.text.replace('>1000</wsse11:Iteration>', '>1</wsse11:Iteration>'), { usernameToken: verifyUser }),
      'InvalidTokenError',
    );
  });

  test('do not prove the user to whom a token without its signature is added', async () => {
    const { text } = await make({
      ...by('alice', 'open sesame'),
      signature: { ...symmetric, parts: [BODY, TIMESTAMP, USERNAME_TOKEN] },
      encryption: { ...toBackend, parts: [] },
    });
    assert.equal(refusal(text, { usernameToken: verifyUser }), 'BadCredentialsError');
  });
});

describe('endorsing signatures', () => {
  const message = (settings: Partial<SecureSettings> = {}) =>
    make({ signature: symmetric, encryption: toBackend, endorsing: [endorsing], ...settings });

  test('are demanded', async () => {
    const { text } = await message({ endorsing: [] });
    assert.equal(refusal(text, { endorsing: endorsed }), 'EndorsementMissingError');
  });

  test('must be by somebody whom the policy trusts', async () => {
    const stranger = { ...endorsing, key: signingKey(pki.untrusted) };
    const { text } = await message({ endorsing: [stranger] });
    assert.equal(refusal(text, { endorsing: endorsed }), 'CertificateUntrustedError');
  });

  test('must be over the signature that counts', async () => {
    const good = (await message()).text;
    const other = (await message()).text;
    const take = (text: string) =>
      /<ds:Signature (?:(?!<ds:Signature ).)*$/s.exec(text)?.[0].split('</ds:Signature>')[0] ?? '';
    const spliced = good.replace(take(good), take(other));
    assert.equal(refusal(spliced, { endorsing: endorsed }), 'AlgorithmNotAcceptedError');
    const signatureOfOther = /<ds:Signature .*?<\/ds:Signature>/s.exec(other)?.[0] ?? '';
    assert.notEqual(
      refusal(spliced.replace('</wsse:Security>', `${signatureOfOther}</wsse:Security>`), { endorsing: endorsed }),
      'accepted',
    );
  });

  test('need a signed token where the policy says so', async () => {
    const { text } = await message({ endorsing: [{ ...endorsing, signed: false }] });
    assert.equal(refusal(text, { endorsing: endorsed }), 'accepted');
    assert.equal(refusal(text, { endorsing: { ...endorsed, signed: true } }), 'EndorsementMissingError');
  });

  test('count for nothing but that', async () => {
    const { text } = await message();
    const onlyOurs = signed({ trust, accept: endorsed.accept });
    assert.equal(refusal(text, { endorsing: endorsed, signature: onlyOurs }), 'AlgorithmNotAcceptedError');
  });
});

describe('derived keys', () => {
  const derivedKey = { version: '2005/12' } as const;
  const message = () => make({ signature: { ...symmetric, derivedKey }, encryption: { ...toBackend, parts: [] } });

  test('that are so short that they could be guessed are refused', async () => {
    const { text, exchange } = await message();
    const sha1 = exchange.encryptedKeys[0].sha1;
    // Anyone could make this of an exchange whose key he does not know, and try the 256 keys.
    const forged = text
      .replace(/<wsc:Length>\d+</, '<wsc:Length>1<')
      .replace(/<ds:SignatureValue>[^<]*/, `<ds:SignatureValue>${createHmac('sha256', 'k').digest('base64')}`);
    assert.ok(sha1);
    assert.equal(refusal(forged), 'InvalidTokenError');
  });

  for (const [name, change, error] of [
    ['too long', (text: string) => text.replace(/<wsc:Length>\d+</, '<wsc:Length>65<'), 'InvalidTokenError'],
    ['far away', (text: string) => text.replace('>0</wsc:Offset>', '>1025</wsc:Offset>'), 'InvalidTokenError'],
    [
      'of another generation',
      (text: string) => text.replaceAll('wsc:Offset', 'wsc:Generation').replace('>0</wsc:Gen', '>1</wsc:Gen'),
      'SignatureInvalidError',
    ],
    [
      'of both',
      (text: string) => text.replace('<wsc:Offset>', '<wsc:Generation>0</wsc:Generation><wsc:Offset>'),
      'InvalidStructureError',
    ],
    ['negative', (text: string) => text.replace('>0</wsc:Offset>', '>-1</wsc:Offset>'), 'InvalidTokenError'],
    [
      'with another label',
      (text: string) => text.replace('<wsc:Nonce>', '<wsc:Label>other</wsc:Label><wsc:Nonce>'),
      'SignatureInvalidError',
    ],
    [
      'with a long label',
      (text: string) => text.replace('<wsc:Nonce>', `<wsc:Label>${'x'.repeat(257)}</wsc:Label><wsc:Nonce>`),
      'InvalidTokenError',
    ],
    [
      'with properties',
      (text: string) => text.replace('<wsc:Offset>', '<wsc:Properties/><wsc:Offset>'),
      'UnsupportedTokenError',
    ],
    [
      'by another algorithm',
      (text: string) => text.replace('<wsc:DerivedKeyToken ', '<wsc:DerivedKeyToken Algorithm="urn:other" '),
      'UnsupportedTokenError',
    ],
    ['without a nonce', (text: string) => text.replace(/<wsc:Nonce>.*?<\/wsc:Nonce>/, ''), 'InvalidStructureError'],
    [
      'of itself',
      (text: string) => {
        const id = /<wsc:DerivedKeyToken [^>]*wsu:Id="([^"]*)"/.exec(text)?.[1] ?? '';
        return text.replace(/(<wsc:DerivedKeyToken .*?<wsse:Reference URI=")[^"]*/s, `$1#${id}`);
      },
      'UnsupportedTokenError',
    ],
    [
      'with the default label',
      (text: string) =>
        text.replace('<wsc:Nonce>', '<wsc:Label>WS-SecureConversationWS-SecureConversation</wsc:Label><wsc:Nonce>'),
      'accepted',
    ],
  ] as const) {
    test(name, async () => assert.equal(refusal(change((await message()).text)), error));
  }
});
