/**
 * Keys that are agreed on (ECDH-ES, X25519, X448) and keys wrapped with a secret (AES-KW): what we write we read, and
 * what is wrong with an agreement is refused, or looks like any other ciphertext that cannot be decrypted.
 */

import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { keyAgreements, keyDerivations, keyWraps, type KeyTransport } from '../../extproc/wss/algorithms.ts';
import { EMPTY_EXCHANGE } from '../../extproc/wss/exchange-state.ts';
import { classifyFailure } from '../../extproc/wss/faults.ts';
import type { DecryptionKey, EncryptionSettings, KeyIdentifier } from '../../extproc/wss/settings.ts';
import { verify, type Verified } from '../../extproc/wss/verify.ts';
import { DEFAULT_LIMITS } from '../../extproc/xml/limits.ts';
import type { Identity } from '../support/pki.ts';
import { BODY, encryptionSettings, NOW, order, pki, readMessage, secureText } from '../support/securing.ts';
import { testKey } from '../support/test-keys.ts';

const everything = [...Object.keys(keyAgreements), 'AES-KW', 'RSA-OAEP'] as KeyTransport[];
const secret = (bytes: number) => createSecretKey(randomBytes(bytes));
const keyOf = ({ key, certificate }: Identity): DecryptionKey => ({ key, certificate, name: 'own' });

async function encrypted(changes: Partial<EncryptionSettings>): Promise<string> {
  return (await secureText(order(), { encryption: encryptionSettings(changes) })).bytes.toString();
}

function decrypted(message: string, keys: readonly DecryptionKey[], keyTransports = everything): Verified {
  const decryption = {
    ...{ keys, requiredParts: [BODY], requireSignedEncryptedData: false },
    accept: { dataAlgorithms: ['AES256-GCM', 'AES128-GCM'] as const, keyTransports },
  };
  return verify(
    readMessage(message),
    {
      removeSecurityHeader: true,
      decryption,
      signatureConfirmation: false,
      replay: { window: 0, onCacheUnavailable: 'Refuse' },
    },
    { now: NOW, exchange: EMPTY_EXCHANGE, limits: DEFAULT_LIMITS },
  );
}

function refusal(message: string, keys: readonly DecryptionKey[], keyTransports = everything): string {
  try {
    decrypted(message, keys, keyTransports);
    return 'accepted';
  } catch (error) {
    const { code } = classifyFailure(error);
    return `${code}: ${(error as Error).message}`;
  }
}
const FAILED = 'ERR_WSS_DECRYPTION_FAILED: decryption failed';

const recipients = [
  ['ECDH-ES', pki.ec256],
  ['ECDH-ES', pki.ec384],
  ['ECDH-ES', pki.ec521],
  ['X25519', pki.x25519],
  ['X448', pki.x448],
] as const;
const wraps = Object.keys(keyWraps) as (keyof typeof keyWraps)[];
const functions = Object.keys(keyDerivations) as (keyof typeof keyDerivations)[];
for (const [keyTransport, identity] of recipients) {
  const recipient = { certificate: identity.certificate, name: 'own' };
  for (const wrap of wraps) {
    for (const name of functions) {
      for (const digest of ['SHA256', 'SHA384', 'SHA512'] as const) {
        test(`${keyTransport} to ${identity.certificate.subject} with ${wrap}, ${name} and ${digest}`, async () => {
          const agreement = { wrap, derivation: { function: name, digest } } as const;
          const message = await encrypted({ recipient, keyTransport, agreement });
          assert.ok(message.includes(keyWraps[wrap].uri) && message.includes(keyAgreements[keyTransport].uri));
          // Others are there too: the message says which it is for.
          const keys = [pki.recipient, pki.ec256, pki.ec384, pki.ec521, pki.x25519, pki.x448].map(keyOf);
          assert.match(decrypted(message, keys).bytes.toString(), /Zoë/);
          assert.equal(refusal(message, [keyOf({ ...identity, key: testKey(kindOf(identity), 'other') })]), FAILED);
        });
      }
    }
  }
  const identifiers: KeyIdentifier[] = [
    ...(['BinarySecurityToken', 'IssuerSerial', 'SubjectKeyIdentifier', 'ThumbprintSHA1'] as const),
    ...(['X509Certificate', 'X509Data', 'KeyValue', 'KeyName'] as const),
  ];
  for (const keyIdentifier of identifiers) {
    test(`${keyTransport} to ${identity.certificate.subject} named by ${keyIdentifier}`, async () => {
      const message = await encrypted({ recipient, keyTransport, keyIdentifier });
      assert.match(decrypted(message, [keyOf(identity)]).bytes.toString(), /Zoë/);
    });
  }
}

const kindOf = ({ key }: Identity) => {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve !== undefined)
    return ({ prime256v1: 'ec256', secp384r1: 'ec384', secp521r1: 'ec521' } as const)[curve as 'prime256v1'];
  return key.asymmetricKeyType as 'x25519' | 'x448';
};

for (const bytes of [16, 24, 32]) {
  test(`AES-KW with a key of ${bytes} bytes`, async () => {
    const own = { key: secret(bytes), name: 'shared' };
    const recipient = { secret: own.key, name: 'shared' };
    const message = await encrypted({ recipient, keyTransport: 'AES-KW', keyIdentifier: 'KeyName' });
    assert.match(message, /<ds:KeyInfo><ds:KeyName>shared<\/ds:KeyName><\/ds:KeyInfo>/);
    assert.match(
      decrypted(message, [keyOf(pki.recipient), { key: secret(bytes), name: 'old' }, own]).bytes.toString(),
      /Zoë/,
    );
    const others = [{ key: secret(bytes), name: 'shared' }];
    assert.equal(refusal(message, others), FAILED, 'another key is no different from a damaged message');
    assert.match(refusal(message, [keyOf(pki.recipient)]), /ERR_WSS_KEY_NOT_FOUND/);
  });
}

test('what the policy does not accept is refused by its name', async () => {
  const own = { key: secret(32), name: 'shared' };
  const wrapped = await encrypted({
    recipient: { secret: own.key, name: 'shared' },
    keyTransport: 'AES-KW',
    keyIdentifier: 'KeyName',
  });
  assert.match(refusal(wrapped, [own], ['ECDH-ES']), /ERR_WSS_ALGORITHM_NOT_ACCEPTED: .*AES-KW/);
  const agreed = await encrypted({
    recipient: { certificate: pki.x25519.certificate, name: '' },
    keyTransport: 'X25519',
  });
  assert.match(refusal(agreed, [keyOf(pki.x25519)], ['AES-KW', 'ECDH-ES']), /ERR_WSS_ALGORITHM_NOT_ACCEPTED: .*X25519/);
});

const toEc = () =>
  encrypted({ recipient: { certificate: pki.ec256.certificate, name: 'own' }, keyTransport: 'ECDH-ES' });
const toX25519 = (name: 'ConcatKDF' | 'HKDF' = 'ConcatKDF') =>
  encrypted({
    recipient: { certificate: pki.x25519.certificate, name: 'own' },
    keyTransport: 'X25519',
    agreement: { wrap: 'AES256-KW', derivation: { function: name, digest: 'SHA256' } },
  });
const POINT = /(?<=<dsig11:PublicKey>)[^<]*/;
const SPKI = /(?<=<dsig11:DEREncodedKeyValue[^>]*>)[^<]*/;
const x25519Spki = (octets: Buffer): string =>
  Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), octets]).toString('base64');

test('a point that is not on the curve is refused before it meets our key', async () => {
  const message = await toEc();
  for (const point of [Buffer.alloc(64, 1), Buffer.alloc(64), randomBytes(64)]) {
    const other = message.replace(POINT, Buffer.concat([Buffer.of(4), point]).toString('base64'));
    assert.match(refusal(other, [keyOf(pki.ec256)]), /ERR_WSS_INVALID_TOKEN/);
  }
  const infinity = message.replace(POINT, 'AA==');
  assert.match(refusal(infinity, [keyOf(pki.ec256)]), /ERR_WSS_INVALID_TOKEN/);
});

test('a key of another curve than ours is refused', async () => {
  const [p256, p384] = await Promise.all([
    toEc(),
    encrypted({ recipient: { certificate: pki.ec384.certificate, name: 'own' }, keyTransport: 'ECDH-ES' }),
  ]);
  assert.match(refusal(p384, [keyOf(pki.ec256)]), /ERR_WSS_KEY_NOT_FOUND/);
  const theirs = testKey('secp256k1', 'attacker');
  const { x = '', y = '' } = theirs.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  assert.match(refusal(p256.replace(POINT, point.toString('base64')), [keyOf(pki.ec256)]), /ERR_WSS_INVALID_TOKEN/);
  const x25519 = (await toX25519()).replace('2021/04/xmldsig-more#x25519', '2009/xmlenc11#ECDH-ES');
  assert.match(refusal(x25519, [keyOf(pki.x25519), keyOf(pki.ec256)]), /ERR_WSS_KEY_NOT_FOUND/);
});

/** RFC 7748 §6.1 and §7: what these points agree on is zero, whatever our key is. */
const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];
test('points of small order give no key: not even an attacker who knows the secret is zero is believed', async () => {
  const message = await toX25519();
  for (const point of SMALL_ORDER) {
    const other = message.replace(SPKI, x25519Spki(Buffer.from(point, 'hex')));
    assert.equal(refusal(other, [keyOf(pki.x25519)]), FAILED);
  }
});

test('a wrapped key that was altered is one more decryption that failed', async () => {
  const message = await toEc();
  const at = message.indexOf('<xenc:CipherValue>') + '<xenc:CipherValue>'.length;
  for (const value of ['', 'AAAA', randomBytes(40).toString('base64'), randomBytes(48).toString('base64')]) {
    const other = message.slice(0, at) + value + message.slice(message.indexOf('<', at));
    assert.equal(refusal(other, [keyOf(pki.ec256)]), FAILED);
  }
});

const malformed: [string, from: string | RegExp, to: string, RegExp][] = [
  ['an agreement that is none of ours', '#x25519"', '#dh-es"', /ERR_WSS_UNSUPPORTED_ALGORITHM/],
  ['a derivation that is none of ours', /xmlenc11#ConcatKDF/, 'xmlenc11#pbkdf2', /ERR_WSS_UNSUPPORTED_ALGORITHM/],
  ['ConcatKDF with SHA-1', /xmlenc#sha256/, 'xmldsig#sha1', /ERR_WSS_UNSUPPORTED_ALGORITHM/],
  ['bits that fill no octet', 'AlgorithmID="0000"', 'AlgorithmID="0400"', /ERR_WSS_INVALID_STRUCTURE/],
  ['what is not hexadecimal', 'PartyUInfo=""', 'PartyUInfo="00zz"', /ERR_WSS_INVALID_STRUCTURE/],
  ['a parameter without end', 'PartyVInfo=""', `PartyVInfo="${'00'.repeat(1025)}"`, /ERR_WSS_INVALID_STRUCTURE/],
  ['another AlgorithmID', 'AlgorithmID="0000"', 'AlgorithmID="0001"', new RegExp(FAILED)],
  ['an agreement twice', /<xenc:AgreementMethod.*<\/xenc:AgreementMethod>/, '$&$&', /ERR_WSS_INVALID_STRUCTURE/],
  ['no sender', /<xenc:OriginatorKeyInfo>.*<\/xenc:OriginatorKeyInfo>/, '', /ERR_WSS_INVALID_STRUCTURE/],
  ['a sender by name', /<dsig11:DEREnc.*Value>(?=<\/xenc:Orig)/, '<ds:KeyName>a</ds:KeyName>', /ERR_WSS_INVALID_TOKEN/],
  ['no derivation', /<xenc11:KeyDerivationMethod.*<\/xenc11:KeyDerivationMethod>/, '', /ERR_WSS_INVALID_STRUCTURE/],
];
for (const [name, from, to, expected] of malformed) {
  test(`refused: ${name}`, async () => {
    const message = await toX25519();
    const other = message.replace(from, to);
    assert.notEqual(other, message);
    assert.match(refusal(other, [keyOf(pki.x25519)]), expected);
  });
}

test('HKDF: the function where Santuario looks for it, an Info, and a length that contradicts the key wrap', async () => {
  const message = await toX25519('HKDF');
  const own = [keyOf(pki.x25519)];
  const santuario = message.replace(/<dsig-more:PRF ([^>]*)><\/dsig-more:PRF>/, '<xenc11:PRF $1></xenc11:PRF>');
  assert.notEqual(santuario, message);
  assert.match(decrypted(santuario, own).bytes.toString(), /Zoë/);
  const info = message.replace('<dsig-more:KeyLength>', '<dsig-more:Info>aW5mbw==</dsig-more:Info>$&');
  assert.equal(refusal(info, own), FAILED);
  assert.match(refusal(message.replace('>32</dsig-more', '>16</dsig-more'), own), /ERR_WSS_INVALID_STRUCTURE/);
});

test('every message has an ephemeral key and a salt of its own', async () => {
  const messages = await Promise.all([toX25519('HKDF'), toX25519('HKDF')]);
  for (const part of [SPKI, /(?<=Salt>)[^<]*/]) {
    const [a, b] = messages.map((message) => part.exec(message)?.[0]);
    assert.ok(a !== undefined && a !== '' && a !== b);
  }
});

test('an empty RecipientKeyInfo leaves every key of the kind to be tried', async () => {
  const message = (await toEc()).replace(/<xenc:RecipientKeyInfo>.*<\/xenc:RecipientKeyInfo>/, '');
  const other = keyOf({ ...pki.ec256, key: testKey('ec256', 'other') });
  assert.match(decrypted(message, [other, keyOf(pki.ec256)]).bytes.toString(), /Zoë/);
});
