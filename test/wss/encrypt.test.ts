/** What we encrypt, decrypted by hand, by xml-encryption and by xmlsec1. */

import assert from 'node:assert/strict';
import {
  constants,
  createDecipheriv,
  createHash,
  privateDecrypt,
  type CipherGCMTypes,
  type DecipherGCM,
} from 'node:crypto';
import { describe, it } from 'node:test';
import xmlEncryption from 'xml-encryption';
import {
  dataAlgorithms,
  digests,
  keyTransports,
  mgfs,
  type DataAlgorithm,
  type DigestName,
  type MgfName,
} from '../../extproc/wss/algorithms.ts';
import { DS, TYPE_CONTENT, WSSE, XENC } from '../../extproc/wss/namespaces.ts';
import type { EncryptionSettings } from '../../extproc/wss/settings.ts';
import { securityHeaders } from '../../extproc/wss/soap.ts';
import {
  BODY,
  elementPart,
  encryptionSettings,
  headerPart,
  order,
  pki,
  readMessage,
  secureText,
  SIGNATURE,
  signatureSettings,
  TIMESTAMP,
  TIMESTAMP_SETTINGS,
} from '../support/securing.ts';
import { xmlsec1 } from '../support/xmlsec1.ts';

const dataNames = (Object.keys(dataAlgorithms) as DataAlgorithm[]).filter((name) => name !== 'TripleDES-CBC');
const CONTENT = /(?<=<soap:Body>).*(?=<\/soap:Body>)/s.exec(order())![0];

/** The one EncryptedKey and the EncryptedData elements of a message, as text. */
function taken(bytes: Buffer): { key: string; data: string[] } {
  const text = bytes.toString();
  const key = /<xenc:EncryptedKey.*?<\/xenc:EncryptedKey>/s.exec(text)![0];
  return { key, data: [...text.matchAll(/<xenc:EncryptedData.*?<\/xenc:EncryptedData>/gs)].map(([found]) => found) };
}

const cipherValue = (text: string): Buffer => Buffer.from(/<xenc:CipherValue>([^<]*)</.exec(text)![1], 'base64');

/** RSAES-OAEP decoding after RFC 8017 §7.1.2, written for this test. */
function oaepDecode(encoded: Buffer, digest: string, mgf: string): Buffer {
  const size = createHash(digest).digest().length;
  const mask = (seed: Buffer, length: number): Buffer => {
    const parts: Buffer[] = [];
    for (let i = 0; i * createHash(mgf).digest().length < length; i++) {
      parts.push(
        createHash(mgf)
          .update(seed)
          .update(Buffer.from([0, 0, 0, i]))
          .digest(),
      );
    }
    return Buffer.concat(parts).subarray(0, length);
  };
  const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, i) => byte ^ b[i]));
  const block = encoded.subarray(1 + size);
  const seed = xor(encoded.subarray(1, 1 + size), mask(block, size));
  const data = xor(block, mask(seed, block.length));
  assert.equal(encoded[0], 0);
  assert.deepEqual(data.subarray(0, size), createHash(digest).digest());
  const one = data.indexOf(1, size);
  assert.ok(data.subarray(size, one).every((byte) => byte === 0));
  return data.subarray(one + 1);
}

function sessionKey(text: string, settings: EncryptionSettings): Buffer {
  const { key } = pki.recipient;
  const octets = cipherValue(text);
  if (settings.keyTransport === 'RSA-1_5') {
    const encoded = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, octets);
    assert.deepEqual([...encoded.subarray(0, 2)], [0, 2]);
    return encoded.subarray(encoded.indexOf(0, 2) + 1);
  }
  const own = settings.keyTransport === 'RSA-OAEP';
  const digest = own ? digests[settings.oaep.digest].hash : 'sha1';
  const mgf = own ? mgfs[settings.oaep.mgf].hash : 'sha1';
  return oaepDecode(privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, octets), digest, mgf);
}

function plainText(text: string, key: Buffer, algorithm: DataAlgorithm): string {
  const { cipher, ivBytes, gcm } = dataAlgorithms[algorithm];
  const octets = cipherValue(text);
  const iv = octets.subarray(0, ivBytes);
  if (!gcm) {
    const decipher = createDecipheriv(cipher, key, iv).setAutoPadding(false);
    const padded = Buffer.concat([decipher.update(octets.subarray(ivBytes)), decipher.final()]);
    return padded.subarray(0, padded.length - padded.at(-1)!).toString();
  }
  const decipher: DecipherGCM = createDecipheriv(cipher as CipherGCMTypes, key, iv, { authTagLength: 16 });
  decipher.setAuthTag(octets.subarray(-16));
  return decipher.update(octets.subarray(ivBytes, -16)).toString() + decipher.final().toString();
}

async function encrypted(changes: Partial<EncryptionSettings>, xml = order()) {
  const settings = encryptionSettings(changes);
  const { bytes } = await secureText(xml, { encryption: settings });
  return { bytes, settings, ...taken(bytes) };
}

describe('by hand', () => {
  for (const dataAlgorithm of dataNames) {
    it(`${dataAlgorithm} gives the content back`, async () => {
      const { bytes, settings, key, data } = await encrypted({ dataAlgorithm });
      assert.equal(data.length, 1);
      assert.ok(!bytes.includes('Zoë'));
      assert.ok(data[0].includes(`Type="${TYPE_CONTENT}"`) && data[0].includes(dataAlgorithms[dataAlgorithm].uri));
      assert.equal(plainText(data[0], sessionKey(key, settings), dataAlgorithm), CONTENT);
    });
  }

  for (const digest of Object.keys(digests) as DigestName[]) {
    for (const mgf of Object.keys(mgfs) as MgfName[]) {
      it(`RSA-OAEP with ${digest} and ${mgf}`, async () => {
        const { settings, key, data } = await encrypted({ oaep: { digest, mgf } });
        assert.ok(key.includes(digests[digest].uri) && key.includes(mgfs[mgf].uri));
        assert.equal(plainText(data[0], sessionKey(key, settings), 'AES256-GCM'), CONTENT);
      });
    }
  }

  for (const keyTransport of ['RSA-OAEP-MGF1P', 'RSA-1_5'] as const) {
    it(keyTransport, async () => {
      const { settings, key, data } = await encrypted({ keyTransport });
      assert.ok(key.includes(keyTransports[keyTransport].uri));
      assert.equal(plainText(data[0], sessionKey(key, settings), 'AES256-GCM'), CONTENT);
    });
  }

  it('content of every length, across chunks', async () => {
    for (const length of [0, 1, 15, 16, 17, 31, 49_151, 49_152, 49_153, 98_304, 200_001]) {
      for (const dataAlgorithm of ['AES128-CBC', 'AES128-GCM'] as const) {
        const xml = order().replace(CONTENT, 'x'.repeat(length));
        const { settings, key, data } = await encrypted({ dataAlgorithm }, xml);
        assert.equal(plainText(data[0], sessionKey(key, settings), dataAlgorithm), 'x'.repeat(length));
      }
    }
  });

  it('no two EncryptedData share an initialization vector, no two messages a key', async () => {
    const parts = [headerPart('urn:shop', 'Session'), elementPart('urn:shop', 'Card')];
    const [a, b] = [await encrypted({ parts }), await encrypted({ parts })];
    const vectors = [...a.data, ...b.data].map((text) => cipherValue(text).subarray(0, 12).toString('hex'));
    assert.equal(new Set(vectors).size, 6);
    assert.notDeepEqual(sessionKey(a.key, a.settings), sessionKey(b.key, b.settings));
  });

  it('elements and header blocks come back whole', async () => {
    const parts = [headerPart('urn:shop', 'Session'), elementPart('urn:shop', 'Card'), elementPart('', 'plain')];
    const { settings, key, data } = await encrypted({ parts });
    const session = sessionKey(key, settings);
    assert.deepEqual(
      data.map((text) => plainText(text, session, 'AES256-GCM')),
      [
        `<s:Session s:kind='a "b"'>42</s:Session>`,
        `<s:Card  number='4&#49;11'>Zoë &amp; Co</s:Card>`,
        '<s:Card/>',
        '<plain xmlns="">x</plain>',
      ],
    );
  });

  it('the content of an empty element is encrypted too', async () => {
    const { bytes, settings, key, data } = await encrypted(
      {},
      order().replace(`<soap:Body>${CONTENT}</soap:Body>`, '<soap:Body  />'),
    );
    assert.equal(plainText(data[0], sessionKey(key, settings), 'AES256-GCM'), '');
    assert.ok(bytes.includes('<soap:Body  ><xenc:EncryptedData'));
  });

  it('a Signature is hidden in its place', async () => {
    const settings = encryptionSettings({ parts: [SIGNATURE, BODY] });
    const { bytes } = await secureText(order(), {
      timestamp: TIMESTAMP_SETTINGS,
      signature: signatureSettings({ parts: [BODY, TIMESTAMP] }),
      encryption: settings,
    });
    const { key, data } = taken(bytes);
    const text = plainText(data[0], sessionKey(key, settings), 'AES256-GCM');
    assert.match(text, /^<ds:Signature .*<\/ds:Signature>$/s);
    assert.ok(!bytes.includes('<ds:Signature '));
  });
});

describe('how the recipient’s key is named', () => {
  const expected = {
    IssuerSerial: '<ds:X509IssuerName>CN=Test Intermediate,O=Waxseal,C=DE</ds:X509IssuerName>',
    SubjectKeyIdentifier: `#X509SubjectKeyIdentifier">${pki.recipient.certificate.subjectKeyIdentifier.toString('base64')}<`,
    ThumbprintSHA1: `#ThumbprintSHA1">${pki.recipient.certificate.thumbprintSha1.toString('base64')}<`,
    X509Certificate: `#X509v3">${pki.recipient.certificate.base64}<`,
    X509Data: `<ds:X509Certificate>${pki.recipient.certificate.base64}<`,
    KeyValue: '<ds:RSAKeyValue><ds:Modulus>',
    KeyName: '<ds:KeyName>backend-cert</ds:KeyName>',
  } as const;
  for (const [keyIdentifier, text] of Object.entries(expected)) {
    it(keyIdentifier, async () => {
      const { key } = await encrypted({ keyIdentifier: keyIdentifier as keyof typeof expected });
      assert.ok(key.includes(text), key);
    });
  }

  it('BinarySecurityToken', async () => {
    const { bytes } = await encrypted({ keyIdentifier: 'BinarySecurityToken' });
    const message = readMessage(bytes);
    const { index } = message;
    const [token, key] = index.children(securityHeaders(message, undefined)[0]);
    assert.equal(index.text(token), pki.recipient.certificate.base64);
    const reference = index.firstChild(index.firstChild(index.child(key, DS, 'KeyInfo')));
    assert.ok(index.is(reference, WSSE, 'Reference') && index.is(key, XENC, 'EncryptedKey'));
    const id = (index.attribute(reference, '', 'URI') ?? '').slice(1);
    assert.deepEqual(index.elementsWithId(id), [token]);
  });
});

/** An EncryptedData that carries its key with it: other programs do not look it up in a Security header. */
function standalone({ key, data }: { key: string; data: string[] }): string {
  const bare = key
    .replace(/<ds:KeyInfo.*<\/ds:KeyInfo>/s, '')
    .replace(/<xenc:ReferenceList.*<\/xenc:ReferenceList>/s, '');
  return data[0].replace(
    /(<ds:KeyInfo [^>]*>).*(<\/ds:KeyInfo>)/s,
    (_, start: string, end: string) => start + bare + end,
  );
}

describe('xml-encryption', () => {
  for (const dataAlgorithm of ['AES128-CBC', 'AES256-CBC', 'AES128-GCM', 'AES256-GCM'] as const) {
    for (const keyTransport of ['RSA-OAEP-MGF1P', 'RSA-OAEP'] as const) {
      it(`decrypts ${dataAlgorithm} with ${keyTransport}`, async () => {
        const xml = standalone(await encrypted({ dataAlgorithm, keyTransport }));
        const options = {
          key: pki.recipient.privateKeyPem,
          disallowDecryptionWithInsecureAlgorithm: false,
          warnInsecureAlgorithm: false,
        };
        const result = await new Promise((resolve, reject) => {
          xmlEncryption.decrypt(xml, options, (error: Error | null, text: unknown) =>
            error ? reject(error) : resolve(text),
          );
        });
        assert.equal(result, CONTENT);
      });
    }
  }
});

describe('xmlsec1', () => {
  for (const dataAlgorithm of dataNames) {
    for (const keyTransport of ['RSA-OAEP-MGF1P', 'RSA-1_5'] as const) {
      it(`decrypts ${dataAlgorithm} with ${keyTransport}`, async () => {
        const xml = `<soap:Body xmlns:soap="urn:x" xmlns:s="urn:shop">${standalone(await encrypted({ dataAlgorithm, keyTransport }))}</soap:Body>`;
        const files = { 'key.pem': pki.recipient.privateKeyPem, 'data.xml': xml };
        const plain = xmlsec1(['--decrypt', '--privkey-pem', 'key.pem', 'data.xml'], files);
        assert.match(plain, /<s:Card number="4111">Zo&#xEB; &amp; Co<\/s:Card>/);
        const other = { ...files, 'key.pem': pki.signer.privateKeyPem };
        assert.throws(() => xmlsec1(['--decrypt', '--privkey-pem', 'key.pem', 'data.xml'], other), /failed/);
      });
    }
  }
});
