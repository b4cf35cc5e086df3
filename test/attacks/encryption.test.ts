/**
 * Attacks on decryption: oracles (CVE-2011-1096, CVE-2011-2487, CVE-2015-0226), tags and IVs, plaintext that does more than
 * stand in its place, and references that lead astray.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { classifyFailure } from '../../extproc/wss/faults.ts';
import { TYPE_ELEMENT, WSSE, WSSE11, WSU, XENC } from '../../extproc/wss/namespaces.ts';
import type { VerifySettings } from '../../extproc/wss/settings.ts';
import { testKey } from '../support/test-keys.ts';
import {
  body,
  BODY,
  check,
  decryptionSettings,
  encryptedData,
  encryptedKey,
  encryptOctets,
  envelope,
  ORDER,
  pki,
  reference,
  refusal,
  seal,
  security,
  settings,
  signature,
  TIMESTAMP,
  timestamp,
  token,
  type DataOptions,
  type KeyOptions,
} from './forge.ts';

const KEY = randomBytes(32);
const accept = decryptionSettings().accept;

/** A policy that demands nothing but an encrypted Body. */
const decrypting = (changes: Partial<NonNullable<VerifySettings['decryption']>> = {}): VerifySettings =>
  settings({
    signature: undefined,
    timestamp: undefined,
    decryption: decryptionSettings({ requiredParts: [BODY], ...changes }),
  });

const CBC = decrypting({
  accept: { dataAlgorithms: ['AES256-CBC', 'AES128-CBC'], keyTransports: ['RSA-OAEP-MGF1P', 'RSA-1_5'] },
  requireSignedEncryptedData: false,
});

const encrypted = (plaintext: string | Buffer = ORDER, data: DataOptions = {}, key: KeyOptions = {}): string =>
  envelope(security(encryptedKey(KEY, key)), body(encryptedData(plaintext, KEY, data)));

/** Everything by which the peer or the log could tell one refusal from another. */
function answer(xml: string, using: VerifySettings): string {
  try {
    check(xml, using);
    return 'accepted';
  } catch (error) {
    const { kind, code, wssCode } = classifyFailure(error);
    return `${kind} ${code} ${wssCode} ${error instanceof Error ? error.message : ''}`;
  }
}
const FAILED = 'Refused ERR_WSS_DECRYPTION_FAILED FailedCheck decryption failed';

const flip = (position: number) => (octets: Buffer) => {
  const changed = Buffer.from(octets);
  changed[position < 0 ? changed.length + position : position] ^= 1;
  return changed;
};
const cut = (bytes: number) => (octets: Buffer) => octets.subarray(0, octets.length - bytes);

test('decrypts what is in order', () => {
  assert.ok(check(encrypted(), decrypting()).bytes.includes(ORDER));
  assert.ok(check(encrypted(ORDER, { algorithm: 'AES256-CBC' }, { transport: 'RSA-1_5' }), CBC).bytes.includes(ORDER));
});

const gcm: [string, string][] = [
  ['one bit of the IV changed', encrypted(ORDER, { tamper: flip(0) })],
  ['one bit of the ciphertext changed', encrypted(ORDER, { tamper: flip(20) })],
  ['one bit of the tag changed', encrypted(ORDER, { tamper: flip(-1) })],
  ['the tag cut to 12 bytes', encrypted(ORDER, { tamper: cut(4) })],
  ['the tag cut to 4 bytes', encrypted(ORDER, { tamper: cut(12) })],
  ['no tag', encrypted(ORDER, { tamper: cut(16) })],
  ['less than IV and tag', encrypted(ORDER, { tamper: (octets) => octets.subarray(0, 27) })],
  ['nothing', encrypted(ORDER, { tamper: () => Buffer.alloc(0) })],
  ['a key of another length', envelope(security(encryptedKey(KEY.subarray(0, 16))), body(encryptedData(ORDER, KEY)))],
  ['an EncryptedKey of nonsense', encrypted(ORDER, {}, { tamper: () => randomBytes(256) })],
  ['an EncryptedKey that is too short', encrypted(ORDER, {}, { tamper: cut(1) })],
  ['an EncryptedKey for somebody else', encrypted(ORDER, {}, { recipient: pki.signer })],
  ['plaintext that is not UTF-8', encrypted(Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e]))],
  ['plaintext that is not well-formed', encrypted('<a><b></a>')],
  ['plaintext with a DOCTYPE', encrypted('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>')],
  ['plaintext with an entity', encrypted('<a>&xxe;</a>')],
  ['plaintext with an XML declaration', encrypted('<?xml version="1.0"?><a/>')],
  ['plaintext that closes the Body', encrypted('</s:Body><s:Body>')],
  ['plaintext that closes Body and Envelope', encrypted('</s:Body></s:Envelope><!--')],
  ['plaintext that opens a comment', encrypted('<a/><!--')],
  ['plaintext that opens a CDATA section', encrypted('<![CDATA[')],
  ['plaintext with an unbound prefix', encrypted('<nobody:knows/>')],
  ['plaintext that is deeper than the limit', encrypted('<a>'.repeat(101) + '</a>'.repeat(101))],
  ['Type Element, but two elements', encrypted('<a/><b/>', { type: TYPE_ELEMENT })],
  ['Type Element, but text', encrypted('text', { type: TYPE_ELEMENT })],
  ['Type Element, but text after it', encrypted('<a/> ', { type: TYPE_ELEMENT })],
];
for (const [name, xml] of gcm)
  test(`one refusal for all failures, GCM: ${name}`, () => assert.equal(answer(xml, decrypting()), FAILED));

/** A CBC plaintext whose last octet says what the test wants. */
const padded = (last: number): string => {
  const octets = encryptOctets(Buffer.alloc(0), KEY, 'AES256-CBC');
  octets[15] ^= 16 ^ last;
  return envelope(
    security(encryptedKey(KEY)),
    body(encryptedData('', KEY, { algorithm: 'AES256-CBC', tamper: () => octets })),
  );
};
const cbc: [string, string][] = [
  ['padding of 0', padded(0)],
  ['padding of 17', padded(17)],
  ['padding of 255', padded(255)],
  ['not whole blocks', encrypted(ORDER, { algorithm: 'AES256-CBC', tamper: cut(1) })],
  ['an IV alone', encrypted(ORDER, { algorithm: 'AES256-CBC', tamper: (octets) => octets.subarray(0, 16) })],
  ['good padding, garbage inside', encrypted(randomBytes(64), { algorithm: 'AES256-CBC' })],
  [
    'RSA 1.5 with nonsense',
    encrypted(ORDER, { algorithm: 'AES256-CBC' }, { transport: 'RSA-1_5', tamper: () => randomBytes(256) }),
  ],
  [
    'RSA 1.5 of a key of another length',
    envelope(
      security(encryptedKey(KEY.subarray(0, 16), { transport: 'RSA-1_5' })),
      body(encryptedData(ORDER, KEY, { algorithm: 'AES256-CBC' })),
    ),
  ],
  ['OAEP with nonsense', encrypted(ORDER, { algorithm: 'AES256-CBC' }, { tamper: () => randomBytes(256) })],
];
for (const [name, xml] of cbc)
  test(`one refusal for all failures, CBC: ${name}`, () => assert.equal(answer(xml, CBC), FAILED));

test('a padding of a whole block is good, and its octets may be anything', () => {
  assert.ok(check(padded(16), CBC).bytes.includes('wsu:Id="Body-1"></s:Body>'));
});

test('tells nobody that unsigned CBC data could be decrypted: what is refused after it looks the same', () => {
  const using = {
    ...CBC,
    usernameToken: { users: new Map(), passwordTypes: [], maxAge: 1, clockSkew: 1 },
  } satisfies VerifySettings;
  try {
    check(encrypted(ORDER, { algorithm: 'AES256-CBC' }), using);
    assert.fail('accepted');
  } catch (error) {
    const failure = classifyFailure(error);
    assert.equal(failure.code, 'ERR_WSS_USERNAME_TOKEN_MISSING');
    assert.equal(failure.wssCode, 'FailedCheck');
  }
});

test('RSA 1.5 is refused unless the policy accepts it', () => {
  assert.equal(refusal(encrypted(ORDER, {}, { transport: 'RSA-1_5' }), decrypting()), 'ERR_WSS_ALGORITHM_NOT_ACCEPTED');
});

test('the algorithm of the data is the policy’s choice: GCM data rewritten to CBC is refused', () => {
  const xml = encrypted().replace('http://www.w3.org/2009/xmlenc11#aes256-gcm', `${XENC}aes256-cbc`);
  assert.equal(refusal(xml, decrypting()), 'ERR_WSS_ALGORITHM_NOT_ACCEPTED');
});

test('CBC data is decrypted only inside of a signature that was verified before', () => {
  const both = settings({
    decryption: decryptionSettings({
      requiredParts: [BODY],
      accept: { ...accept, dataAlgorithms: ['AES256-CBC'] },
    }),
  });
  const data = encryptedData(ORDER, KEY, { algorithm: 'AES256-CBC' });
  const order = (first: string, second: string): string =>
    seal(envelope(security(token(pki.signer) + timestamp() + first + second), body(data)), pki.signer.key);
  assert.equal(refusal(order(signature(), encryptedKey(KEY)), both), 'accepted');
  assert.equal(refusal(order(encryptedKey(KEY), signature()), both), 'ERR_WSS_ENCRYPTED_DATA_NOT_SIGNED');
  const forged = order(signature(), encryptedKey(KEY)).replace(
    data,
    encryptedData('<x/>', KEY, { algorithm: 'AES256-CBC' }),
  );
  assert.equal(refusal(forged, both), 'ERR_WSS_DIGEST_MISMATCH');
  const unsigned = { ...both, signature: undefined };
  assert.equal(refusal(order('', encryptedKey(KEY)), unsigned), 'ERR_WSS_ENCRYPTED_DATA_NOT_SIGNED');
});

const structure: [string, string, string][] = [
  [
    'CipherReference',
    encrypted().replace(
      /<xenc:CipherValue>[^<]*<\/xenc:CipherValue>(?=<\/xenc:CipherData><\/xenc:EncryptedData>)/,
      '<xenc:CipherReference URI="http://127.0.0.1:1/x"/>',
    ),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'a DataReference out of the message',
    encrypted().replace('URI="#ED-1"', 'URI="http://127.0.0.1:1/x"'),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  ['a KeyReference', encrypted().replace('<xenc:DataReference', '<xenc:KeyReference'), 'ERR_WSS_INVALID_STRUCTURE'],
  ['a DataReference to nothing', encrypted('<a/>', { id: 'ED-2' }), 'ERR_WSS_REFERENCE_UNRESOLVED'],
  ['a DataReference to the Body', encrypted('<a/>', {}, { references: ['Body-1'] }), 'ERR_WSS_INVALID_STRUCTURE'],
  [
    'two EncryptedData of one id',
    envelope(security(encryptedKey(KEY)), body(encryptedData('<a/>', KEY) + encryptedData('<b/>', KEY))),
    'ERR_WSS_DUPLICATE_ID',
  ],
  [
    'one EncryptedData under two ids',
    encrypted('<a/>', {}, { references: ['ED-1', 'ED-2'] }).replace('Id="ED-1" Type', 'Id="ED-1" ID="ED-2" Type'),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'an EncryptedData inside another',
    encrypted('<a/>', { keyInfo: encryptedData('<b/>', KEY, { id: 'ED-2' }) }, { references: ['ED-1', 'ED-2'] }),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'an unknown Type',
    encrypted('<a/>', { type: 'http://www.isi.edu/in-notes/iana/assignments/media-types/application/gzip' }),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  ['an unknown data algorithm', encrypted().replace('aes256-gcm', 'aes256-ecb'), 'ERR_WSS_UNSUPPORTED_ALGORITHM'],
  [
    'an unknown key transport',
    encrypted().replace('rsa-oaep-mgf1p', 'kw-camellia256'),
    'ERR_WSS_UNSUPPORTED_ALGORITHM',
  ],
  [
    'an EncryptedData in another actor’s Security header',
    envelope(
      security(encryptedKey(KEY)) +
        security(encryptedData('<a/>', KEY, { type: TYPE_ELEMENT }), ' s:actor="urn:other"'),
    ),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    '17 EncryptedKeys',
    envelope(
      security(Array.from({ length: 17 }, () => encryptedKey(KEY, { references: [] })).join('')),
      body(encryptedData('<a/>', KEY)),
    ),
    'ERR_WSS_LIMIT',
  ],
  [
    '65 EncryptedData',
    envelope(
      security(encryptedKey(KEY, { references: ids(65) })),
      body(
        ids(65)
          .map((id) => encryptedData('', KEY, { id }))
          .join(''),
      ),
    ),
    'ERR_WSS_LIMIT',
  ],
  ['EncryptedData four deep', encrypted(nested(3), {}, { references: ['ED-1', 'N-3', 'N-2', 'N-1'] }), 'ERR_WSS_LIMIT'],
  ['a Body in the clear', envelope(security(encryptedKey(KEY, { references: [] }))), 'ERR_WSS_PART_NOT_ENCRYPTED'],
  [
    'clear elements beside the encrypted content',
    envelope(security(encryptedKey(KEY)), body(encryptedData('<a/>', KEY) + '<evil/>')),
    'ERR_WSS_PART_NOT_ENCRYPTED',
  ],
  [
    'clear text beside the encrypted content',
    envelope(security(encryptedKey(KEY)), body('evil' + encryptedData('<a/>', KEY))),
    'ERR_WSS_PART_NOT_ENCRYPTED',
  ],
  [
    'an encrypted element inside a clear one',
    envelope(security(encryptedKey(KEY)), body(`<a>${encryptedData('<b/>', KEY)}</a>`)),
    'ERR_WSS_PART_NOT_ENCRYPTED',
  ],
  ['no Security header', envelope(''), 'ERR_WSS_SECURITY_HEADER_MISSING'],
];

function ids(count: number): string[] {
  return Array.from({ length: count }, (_, number) => `D-${number}`);
}
function nested(depth: number): string {
  return depth === 0 ? '<a/>' : encryptedData(nested(depth - 1), KEY, { id: `N-${depth}` });
}

for (const [name, xml, code] of structure) {
  test(`refuses: ${name}`, () => assert.equal(refusal(xml, decrypting()), code));
}

test('EncryptedData three deep is accepted, whatever the order of the references', () => {
  for (const references of [
    ['ED-1', 'N-2', 'N-1'],
    ['N-1', 'N-2', 'ED-1'],
  ]) {
    assert.ok(check(encrypted(nested(2), {}, { references }), decrypting()).bytes.includes('<a/>'));
  }
});

const around = (before: string, after: string): string =>
  envelope(
    security(encryptedKey(KEY, { references: ['ED-1', 'ED-2'] })),
    body(`<a>${encryptedData(before, KEY)}<clear/>${encryptedData(after, KEY, { id: 'ED-2' })}</a>`),
  );
const breakouts: [string, string, string][] = [
  ['closes its parent and opens another', '</a><a>', ''],
  ['opens in one what it closes in another', '<b>', '</b>'],
  ['hides what stands between two in a comment', '<!--', '-->'],
  ['hides what stands between two in a CDATA section', '<![CDATA[', ']]>'],
  ['hides what stands between two in a processing instruction', '<?x ', '?>'],
  ['makes the next element an attribute value', '<b c="', '"/>'],
];
for (const [name, before, after] of breakouts) {
  test(`plaintext must be well-formed on its own: ${name}`, () => {
    const using = decrypting({ requiredParts: [] });
    assert.equal(answer(around('<b/>', 'text'), using), 'accepted');
    assert.equal(answer(around(before, after), using), FAILED);
  });
}

test('decrypted content cannot bring a Security header, or make ours another', () => {
  const headerData = encryptedData(`<wsse:Security xmlns:wsse="${WSSE}"/>`, KEY, { type: TYPE_ELEMENT });
  assert.equal(refusal(envelope(security(encryptedKey(KEY)) + headerData), decrypting()), 'ERR_WSS_DECRYPTION_FAILED');
  const wrapped = `<e:EncryptedHeader xmlns:e="${WSSE11}">${headerData}</e:EncryptedHeader>`;
  assert.equal(refusal(envelope(security(encryptedKey(KEY)) + wrapped), decrypting()), 'ERR_WSS_DECRYPTION_FAILED');
});

test('a required header block is not found inside decrypted content of the Body', () => {
  const part = { kind: 'Header', namespace: 'urn:shop', name: 'Session', mode: 'Element', optional: false } as const;
  const xml = encrypted('<o:Session xmlns:o="urn:shop"/>');
  assert.equal(refusal(xml, decrypting({ requiredParts: [part] })), 'ERR_WSS_PART_NOT_ENCRYPTED');
});

test('a Timestamp that decryption reveals counts only where it stands', () => {
  const hidden = encryptedData(timestamp().replace('<wsu:Timestamp', `<wsu:Timestamp xmlns:wsu="${WSU}"`), KEY, {
    type: TYPE_ELEMENT,
  });
  const both = settings({ decryption: decryptionSettings({ requiredParts: [TIMESTAMP] }) });
  // The signature covers the plaintext, so it is made before what it covers is hidden.
  const clear = seal(
    envelope(security(token(pki.signer) + encryptedKey(KEY) + timestamp() + signature())),
    pki.signer.key,
  );
  assert.equal(refusal(clear.replace(timestamp(), hidden), both), 'accepted');
  assert.equal(refusal(clear, settings({ decryption: both.decryption })), 'ERR_WSS_REFERENCE_UNRESOLVED');
  const inBody = clear.replace(timestamp(), '').replace('<o:Order', `${hidden}<o:Order`);
  assert.equal(refusal(inBody, { ...both, signature: undefined }), 'ERR_WSS_PART_NOT_ENCRYPTED');
});

test('several keys: one that the KeyInfo names, or whichever fits when it names none of them', () => {
  const other = { key: testKey('rsa2048', 'rotated'), name: 'rotated' };
  const [own] = decryptionSettings().keys;
  const using = decrypting({ keys: [other, own] });
  assert.equal(refusal(encrypted(), using), 'accepted');
  assert.equal(refusal(encrypted(ORDER, {}, { keyInfo: '' }), using), 'accepted');
  assert.equal(refusal(encrypted(), decrypting({ keys: [other] })), 'ERR_WSS_DECRYPTION_FAILED');
  assert.equal(refusal(encrypted(), decrypting({ keys: [] })), 'ERR_WSS_KEY_NOT_FOUND');
  const legacy = { dataAlgorithms: ['AES256-CBC', 'AES256-GCM'], keyTransports: ['RSA-1_5'] } as const;
  const rsa15 = encrypted(ORDER, {}, { transport: 'RSA-1_5', keyInfo: '' });
  assert.equal(refusal(rsa15, decrypting({ keys: [other, own], accept: legacy })), 'ERR_WSS_KEY_NOT_FOUND');
  assert.equal(refusal(rsa15, decrypting({ keys: [own], accept: legacy })), 'accepted');
});

test('an encrypted message is not robbed of its key by a policy that does not decrypt', () => {
  const using = settings({ signature: undefined, timestamp: undefined });
  assert.equal(refusal(encrypted(), using), 'ERR_WSS_KEY_NOT_FOUND');
  const kept = check(encrypted(), { ...using, removeSecurityHeader: false });
  assert.ok(kept.bytes.includes('EncryptedKey'));
});

test('a signature over ciphertext still covers what it decrypts to, and nothing beside it', () => {
  const both = settings({ decryption: decryptionSettings({ requiredParts: [BODY] }) });
  const header = token(pki.signer) + timestamp() + signature() + encryptedKey(KEY);
  const xml = seal(envelope(security(header), body(encryptedData(ORDER, KEY))), pki.signer.key);
  assert.ok(check(xml, both).bytes.includes(ORDER));
  const part = { kind: 'Element', namespace: 'urn:shop', name: 'Item', mode: 'Element', optional: false } as const;
  const using = settings({
    ...both,
    signature: { ...settings().signature, requiredParts: [BODY, TIMESTAMP, part] } as VerifySettings['signature'],
  });
  assert.ok(check(xml, using).bytes.includes(ORDER));
  const dataOnly = signature({ references: reference('TS-1') + reference('ED-1') });
  const partly = seal(
    envelope(security(token(pki.signer) + timestamp() + dataOnly + encryptedKey(KEY)), body(encryptedData(ORDER, KEY))),
    pki.signer.key,
  );
  assert.equal(refusal(partly, both), 'ERR_WSS_PART_NOT_SIGNED');
});
