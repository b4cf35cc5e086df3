import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import {
  at,
  body,
  BODY,
  check,
  decryptionSettings,
  encryptedData,
  encryptedKey,
  envelope,
  EXC,
  EXPIRES,
  honest,
  NOW,
  ORDER,
  pki,
  reference,
  refusal,
  seal,
  security,
  settings,
  signature,
  signatureSettings,
  TIMESTAMP,
  timestamp,
  token,
} from '../../test/attacks/forge.ts';
import { EMPTY_EXCHANGE } from './exchange-state.ts';
import {
  DS,
  ENCRYPTED_KEY_SHA1,
  SOAP12,
  TYPE_ELEMENT,
  ULTIMATE_RECEIVER_12,
  WSSE,
  WSSE11,
  XENC,
} from './namespaces.ts';
import type { VerifySettings } from './settings.ts';

const KEY = randomBytes(32);
const lax = settings({ timestamp: undefined, signature: undefined });
const decrypting = settings({ ...lax, decryption: decryptionSettings() });

test('removes our Security header and nothing else, to the byte', () => {
  const other = security('<x:Y xmlns:x="urn:x"/>', ' s:actor="urn:other"');
  const header = (content: string): string => `\r\n <o:A xmlns:o='urn:o' />${content}<!-- kept -->${other}\n`;
  const xml = `<?xml version='1.0'?><!-- a -->\n${envelope(header(security(timestamp())))}\n`;
  const using = settings({ signature: undefined });
  assert.equal(check(xml, using).bytes.toString(), xml.replace(security(timestamp()), ''));
  assert.equal(check(xml, { ...using, removeSecurityHeader: false }).bytes.toString(), xml);
});

test('leaves an empty Header rather than none', () => {
  assert.ok(check(honest()).bytes.includes('<s:Header></s:Header>'));
});

test('finds the header of the actor of the policy, and of no other', () => {
  const ours = security(timestamp(), ' s:actor="urn:gateway"');
  const xml = envelope(security('<broken/>') + ours);
  assert.equal(
    check(xml, settings({ signature: undefined, actor: 'urn:gateway' })).bytes.toString(),
    xml.replace(ours, ''),
  );
  assert.equal(refusal(xml, settings({ signature: undefined })), 'ERR_WSS_TIMESTAMP_MISSING');
  assert.equal(refusal(xml, settings({ signature: undefined, actor: 'urn:none' })), 'ERR_WSS_SECURITY_HEADER_MISSING');
});

test('the ultimate receiver is meant by no role and by its own', () => {
  const xml = envelope(security(timestamp(), ` s:role="${ULTIMATE_RECEIVER_12}"`), body(), SOAP12);
  assert.equal(refusal(xml, settings({ signature: undefined })), 'accepted');
});

test('a message without a Security header is good enough where nothing is demanded', () => {
  const xml = envelope('');
  assert.equal(check(xml, lax).bytes.toString(), xml);
  const optional = settings({
    ...lax,
    decryption: decryptionSettings({ requiredParts: [{ ...BODY, optional: true }] }),
  });
  assert.equal(refusal(xml, optional), 'accepted');
  const demands: Partial<VerifySettings>[] = [
    { timestamp: settings().timestamp },
    { signature: signatureSettings({ requiredParts: [] }) },
    { decryption: decryptionSettings({ requiredParts: [BODY] }) },
    { usernameToken: { users: new Map(), passwordTypes: ['Text'], maxAge: 1, clockSkew: 1 } },
    { signatureConfirmation: true },
  ];
  for (const demand of demands) {
    assert.equal(refusal(xml, { ...lax, ...demand }), 'ERR_WSS_SECURITY_HEADER_MISSING', Object.keys(demand)[0]);
  }
});

test('elements of the Security header that we do not know prove nothing and hinder nothing', () => {
  const xml = honest().replace('<wsu:Timestamp', '<x:Token xmlns:x="urn:x"><x:y/></x:Token><wsu:Timestamp');
  assert.equal(refusal(xml), 'accepted');
});

test('a Signature that the policy does not ask for is not looked at', () => {
  const broken = honest().replace(/<ds:SignatureValue>..../, '<ds:SignatureValue>AAAA');
  assert.equal(refusal(broken), 'ERR_WSS_SIGNATURE_INVALID');
  const using = settings({ signature: undefined });
  assert.equal(refusal(broken, using), 'accepted');
  assert.equal(check(broken, using).identity.certificate, undefined);
});

test('the message returned is the scan of the bytes that were verified', () => {
  const xml = envelope(security(encryptedKey(KEY)), body(encryptedData(ORDER, KEY)));
  const { message, bytes } = check(xml, decrypting);
  assert.ok(message.index.bytes.includes('EncryptedKey') && !bytes.includes('EncryptedKey'));
  assert.equal(message.index.localName(message.index.firstChild(message.body)), 'Order');
});

test('an EncryptedHeader becomes the header block that it hides', () => {
  const block = '<o:Session xmlns:o="urn:shop" s:mustUnderstand="1">alice</o:Session>';
  const hidden = `<e:EncryptedHeader xmlns:e="${WSSE11}" s:mustUnderstand="1">\n${encryptedData(block, KEY, { type: TYPE_ELEMENT })}\n</e:EncryptedHeader>`;
  const part = { kind: 'Header', namespace: 'urn:shop', name: 'Session', mode: 'Element', optional: false } as const;
  const using = settings({ ...lax, decryption: decryptionSettings({ requiredParts: [part] }) });
  const ours = security(encryptedKey(KEY));
  assert.equal(check(envelope(ours + hidden), using).bytes.toString(), envelope(block));
  assert.equal(check(envelope(hidden + ours), using).bytes.toString(), envelope(block));
  assert.equal(refusal(envelope(security('') + block), using), 'ERR_WSS_PART_NOT_ENCRYPTED');
});

test('an encrypted header that was signed as EncryptedHeader counts as the signed header', () => {
  const block = '<o:Session xmlns:o="urn:shop">alice</o:Session>';
  const part = { kind: 'Header', namespace: 'urn:shop', name: 'Session', mode: 'Element', optional: false } as const;
  const hidden = `<e:EncryptedHeader xmlns:e="${WSSE11}" Id="EH-1">${encryptedData(block, KEY, { type: TYPE_ELEMENT })}</e:EncryptedHeader>`;
  const using = settings({
    signature: signatureSettings({ requiredParts: [BODY, TIMESTAMP, part] }),
    decryption: decryptionSettings({ requiredParts: [part] }),
  });
  for (const id of ['EH-1', 'ED-1']) {
    const references = reference('TS-1') + reference('Body-1') + reference(id);
    const blocks = token(pki.signer) + timestamp() + signature({ references }) + encryptedKey(KEY);
    assert.equal(refusal(seal(envelope(security(blocks) + hidden), pki.signer.key), using), 'accepted', id);
  }
});

test('the ways to bring a key: ReferenceList of its own, key inside the data, hash of an earlier key', () => {
  const sha1 = (xml: string): string =>
    createHash('sha1')
      .update(Buffer.from(/<xenc:CipherValue>([^<]*)/.exec(xml)?.[1] ?? '', 'base64'))
      .digest('base64');
  const keyInfo = (content: string): string => `<ds:KeyInfo xmlns:ds="${DS}">${content}</ds:KeyInfo>`;
  const str = (content: string): string =>
    keyInfo(`<w:SecurityTokenReference xmlns:w="${WSSE}">${content}</w:SecurityTokenReference>`);
  const bySha1 = (hash: string): string =>
    str(`<w:KeyIdentifier ValueType="${ENCRYPTED_KEY_SHA1}">${hash}</w:KeyIdentifier>`);
  const list = `<xenc:ReferenceList xmlns:xenc="${XENC}"><xenc:DataReference URI="#ED-1"/></xenc:ReferenceList>`;
  const key = encryptedKey(KEY, { references: [] });
  const message = (header: string, info: string): string =>
    envelope(security(header), body(encryptedData(ORDER, KEY, { keyInfo: info })));
  const using = settings({ ...lax, decryption: decryptionSettings({ requiredParts: [BODY] }) });

  assert.equal(refusal(message(key + list, str('<w:Reference URI="#EK-1"/>')), using), 'accepted');
  assert.equal(refusal(message(key + list, bySha1(sha1(key))), using), 'accepted');
  assert.equal(refusal(message(list, keyInfo(key)), using), 'accepted');
  assert.equal(refusal(message(list, bySha1('AAAA')), using), 'ERR_WSS_KEY_NOT_FOUND');
  assert.equal(refusal(message(key + list, ''), using), 'ERR_WSS_KEY_NOT_FOUND');
  const exchange = { ...EMPTY_EXCHANGE, encryptedKeys: [{ sha1: 'AAAA', key: KEY }] };
  assert.equal(refusal(message(list, bySha1('AAAA')), using, { exchange }), 'accepted');
  const received = check(message(key + list, bySha1(sha1(key))), using).exchange.encryptedKeys;
  assert.deepEqual(received, [{ sha1: sha1(key), key: KEY, received: true }]);
});

test('decrypts 3DES', () => {
  const key = randomBytes(24);
  const xml = envelope(security(encryptedKey(key)), body(encryptedData(ORDER, key, { algorithm: 'TripleDES-CBC' })));
  const accept = { dataAlgorithms: ['TripleDES-CBC'], keyTransports: ['RSA-OAEP-MGF1P'] } as const;
  const using = settings({ ...lax, decryption: decryptionSettings({ accept, requireSignedEncryptedData: false }) });
  const verified = check(xml, using);
  assert.equal(verified.bytes.toString(), envelope(''));
  assert.deepEqual(verified.legacyAlgorithms, ['TripleDES-CBC']);
});

test('an encrypted UsernameToken is checked where it stands', () => {
  const login = `<wsse:UsernameToken><wsse:Username>alice</wsse:Username><wsse:Password>secret</wsse:Password></wsse:UsernameToken>`;
  const hidden = encryptedData(login, KEY, { type: TYPE_ELEMENT });
  const using = settings({
    ...decrypting,
    usernameToken: { users: new Map([['alice', 'secret']]), passwordTypes: ['Text'], maxAge: 1000, clockSkew: 0 },
  });
  for (const blocks of [encryptedKey(KEY) + hidden, hidden + encryptedKey(KEY)]) {
    assert.equal(check(envelope(security(blocks)), using).identity.username, 'alice');
  }
  assert.equal(refusal(envelope(security(hidden)), using), 'ERR_WSS_KEY_NOT_FOUND');
});

test('replay entries name a message, and live as long as it would be accepted', () => {
  const [entry, ...others] = check(honest()).replay;
  assert.deepEqual(others, []);
  assert.equal(entry.kind, 'signature');
  assert.match(entry.key, /^[\w-]{43}$/);
  assert.equal(check(honest()).replay[0].key, entry.key, 'RSA with PKCS#1 padding signs the same text the same way');
  assert.equal(entry.ttl, 600_000, 'the window is longer than the Timestamp is valid');
  const short = settings({ replay: { window: 1000, onCacheUnavailable: 'Refuse' } });
  assert.equal(check(honest(), short).replay[0].ttl, Date.parse(EXPIRES) + 60_000 - NOW);
  assert.deepEqual(check(honest(), settings({ replay: { window: 0, onCacheUnavailable: 'Refuse' } })).replay, []);
  const later = seal(envelope(security(token(pki.signer) + timestamp(at(-4000)) + signature())), pki.signer.key);
  assert.notEqual(check(later).replay[0].key, entry.key);
});

test('what may be sent twice is no replay: a signature without a Timestamp', () => {
  const references = reference('Body-1');
  const xml = seal(envelope(security(token(pki.signer) + signature({ references }))), pki.signer.key);
  const using = settings({ timestamp: undefined, signature: signatureSettings({ requiredParts: [BODY] }) });
  assert.deepEqual(check(xml, using).replay, []);
});

test('the nonce entry depends on user, nonce and Created', () => {
  const login = (name: string, nonce: string, created: string): string =>
    `<wsse:UsernameToken><wsse:Username>${name}</wsse:Username><wsse:Password>p</wsse:Password><wsse:Nonce>${nonce}</wsse:Nonce>` +
    `<wsu:Created>${created}</wsu:Created></wsse:UsernameToken>`;
  const users = new Map([
    ['alice', 'p'],
    ['bob', 'p'],
  ]);
  const using = settings({
    ...lax,
    usernameToken: { users, passwordTypes: ['Text'], maxAge: 1000, clockSkew: 60_000 },
  });
  const key = (...fields: [string, string, string]): string => {
    const [entry] = check(envelope(security(login(...fields))), using).replay;
    assert.equal(entry.kind, 'nonce');
    assert.equal(entry.ttl, 600_000);
    return entry.key;
  };
  const first = key('alice', 'AAAA', at(0));
  assert.equal(key('alice', ' AAAA\n', at(0)), first, 'the same octets');
  const others = [key('bob', 'AAAA', at(0)), key('alice', 'AAAB', at(0)), key('alice', 'AAAA', at(1))];
  assert.equal(new Set([first, ...others]).size, 4);
});

test('confirmations must be complete, exact and signed', () => {
  const confirmation = (id: string, value?: string): string =>
    `<c:SignatureConfirmation xmlns:c="${WSSE11}" wsu:Id="${id}"${value === undefined ? '' : ` Value="${value}"`}/>`;
  const answer = (confirmations: string, ids: string[]): string => {
    const references = ['TS-1', 'Body-1', ...ids].map((id) => reference(id)).join('');
    const blocks = token(pki.signer) + timestamp() + confirmations + signature({ references });
    return seal(envelope(security(blocks)), pki.signer.key);
  };
  const using = settings({ signatureConfirmation: true });
  const after = (...sent: string[]) => ({ exchange: { ...EMPTY_EXCHANGE, sentSignatures: sent } });
  const refused = 'ERR_WSS_SIGNATURE_CONFIRMATION';

  const one = answer(confirmation('SC-1', 'AAAA'), ['SC-1']);
  assert.equal(refusal(one, using, after('AAAA')), 'accepted');
  assert.equal(refusal(one, using, after('AAAB')), refused);
  assert.equal(refusal(one, using, after('AAAA', 'AAAB')), refused);
  assert.equal(refusal(one, using, after()), refused);
  assert.equal(refusal(answer(confirmation('SC-1', 'AAAA'), []), using, after('AAAA')), refused, 'not signed');
  const two = answer(confirmation('SC-1', 'AAAA') + confirmation('SC-2', 'BBBB'), ['SC-1', 'SC-2']);
  assert.equal(refusal(two, using, after('BBBB', 'AAAA')), 'accepted');
  assert.equal(refusal(two, using, after('AAAA')), refused, 'unsolicited');
  assert.equal(refusal(two, using, after('AAAA', 'AAAA')), refused);
  assert.equal(refusal(answer(confirmation('SC-1'), ['SC-1']), using, after()), 'accepted');
  assert.equal(refusal(answer('', []), using, after()), refused);
  assert.equal(refusal(one, settings(), after('AAAB')), 'accepted', 'only where the policy asks for it');
});

test('an exchange learns the signature and the signer of its request', () => {
  const { exchange } = check(honest());
  assert.deepEqual(exchange.signerCertificate, pki.signer.certificate.der);
  assert.equal(exchange.verifiedSignatures.length, 1);
  assert.ok(honest().includes(exchange.verifiedSignatures[0]));
});

test('a PrefixList counts, on SignedInfo and on a Reference', () => {
  const list = (prefixes: string): string => `<ec:InclusiveNamespaces xmlns:ec="${EXC}" PrefixList="${prefixes}"/>`;
  const transform = `<ds:Transform Algorithm="${EXC}">${list('s wsse')}</ds:Transform>`;
  const xml = honest(pki.signer, {
    canonicalization: `<ds:CanonicalizationMethod Algorithm="${EXC}">${list('s')}</ds:CanonicalizationMethod>`,
    references: reference('TS-1', transform) + reference('Body-1', transform),
  });
  assert.equal(refusal(xml), 'accepted');
  assert.equal(refusal(xml.replace('PrefixList="s"', 'PrefixList=""')), 'ERR_WSS_SIGNATURE_INVALID');
});
