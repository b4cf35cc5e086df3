import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';

import {
  ASSERTION,
  bearerToken,
  BY_ID,
  BY_KEY_IDENTIFIER,
  SAML2_TOKEN_TYPE,
  SAML_ID,
  TOKEN_ID,
  TOKEN_SECRET,
  tokenInUse,
} from '../../test/support/issued-tokens.ts';
import {
  BODY,
  encryptionSettings,
  order,
  pki,
  readMessage,
  secureContext,
  secureSettings,
  signatureSettings,
  TIMESTAMP,
  TIMESTAMP_SETTINGS,
  TOKEN,
} from '../../test/support/securing.ts';
import { canonicalize } from '../xml/c14n.ts';
import { DEFAULT_LIMITS } from '../xml/limits.ts';
import { scan } from '../xml/scan.ts';
import { signatureAlgorithms, type SignatureAlgorithm } from './algorithms.ts';
import { DuplicateIdError, InvalidTokenError, KeyNotAcceptedError, KeyNotFoundError } from './errors.ts';
import { PartMissingError, ReferenceUnresolvedError } from './errors.ts';
import { EMPTY_EXCHANGE } from './exchange-state.ts';
import type { TokenInUse } from './issued-token.ts';
import { DS, SOAP11, WSSE, WSSE11 } from './namespaces.ts';
import { secure, type Secured } from './secure.ts';
import type { SecureSettings } from './settings.ts';
import { securityHeaders } from './soap.ts';
import { verify } from './verify.ts';

const BEARER = bearerToken();
const byToken = signatureSettings({ key: undefined, algorithm: undefined, keyIdentifier: 'SAMLAssertion' });

function add(
  changes: Partial<SecureSettings>,
  token: TokenInUse | undefined = tokenInUse(),
  xml: string | Buffer = order(),
): Promise<Secured> {
  const settings = secureSettings({ timestamp: TIMESTAMP_SETTINGS, securityToken: true, ...changes });
  return secure(readMessage(xml), settings, { ...secureContext(), ...(token && { token }) });
}

/** Local names of the children of the Security header. */
function blocks({ bytes }: Secured): string[] {
  const message = readMessage(bytes);
  const [security] = securityHeaders(message, undefined);
  return message.index.children(security).map((child) => message.index.localName(child));
}

test('the token stands in the header byte for byte', async () => {
  const secured = await add({}, BEARER);
  assert.ok(secured.bytes.includes(ASSERTION));
  assert.deepEqual(blocks(secured), ['Timestamp', 'Assertion']);
});

test('a policy without a token takes none', async () => {
  const { bytes } = await add({ securityToken: undefined });
  assert.ok(!bytes.includes('Assertion'));
  const xml = readMessage(order());
  const settings = secureSettings({ securityToken: true });
  await assert.rejects(secure(xml, settings, secureContext()), KeyNotFoundError);
});

const encryption = encryptionSettings();
const layouts: [Partial<SecureSettings>, string[]][] = [
  [{}, ['EncryptedKey', 'Timestamp', 'Assertion', 'Signature']],
  [{ layout: 'Strict' }, ['EncryptedKey', 'Timestamp', 'Assertion', 'Signature']],
  [{ layout: 'LaxTimestampFirst' }, ['Timestamp', 'EncryptedKey', 'Assertion', 'Signature']],
  [{ layout: 'LaxTimestampLast' }, ['EncryptedKey', 'Assertion', 'Signature', 'Timestamp']],
  [{ order: 'EncryptThenSign' }, ['Timestamp', 'Assertion', 'Signature', 'EncryptedKey']],
  [{ order: 'EncryptThenSign', layout: 'Strict' }, ['Timestamp', 'Assertion', 'Signature', 'EncryptedKey']],
  [{ order: 'EncryptThenSign', layout: 'LaxTimestampFirst' }, ['Timestamp', 'Assertion', 'Signature', 'EncryptedKey']],
  [{ order: 'EncryptThenSign', layout: 'LaxTimestampLast' }, ['Assertion', 'Signature', 'EncryptedKey', 'Timestamp']],
];
for (const [changes, expected] of layouts) {
  test(`before the signature that it makes: ${JSON.stringify(changes)}`, async () => {
    const secured = await add({ signature: byToken, encryption, ...changes });
    assert.deepEqual(blocks(secured), expected);
    assert.ok(secured.bytes.includes(ASSERTION));
    assert.equal(secured.exchange.sentSignatures.length, 1);
  });
}

test('names in no namespace stay in none', async () => {
  const inDefault = `<Envelope xmlns="${SOAP11}"><Body><a xmlns=""/></Body></Envelope>`;
  const cases: [string, string][] = [
    ['<T ID="x"><U/></T>', '<T xmlns="" ID="x"><U/></T>'],
    ['<p:T xmlns:p="urn:p"><U/></p:T>', '<p:T xmlns="" xmlns:p="urn:p"><U/></p:T>'],
    ['<p:T xmlns:p="urn:p"/>', '<p:T xmlns:p="urn:p"/>'],
    ['<T xmlns="urn:t"><U xmlns=""/></T>', '<T xmlns="urn:t"><U xmlns=""/></T>'],
    ['<T xmlns=""/>', '<T xmlns=""/>'],
  ];
  for (const [xml, inPlace] of cases) {
    const token = bearerToken(xml);
    assert.ok((await add({}, token, inDefault)).bytes.includes(inPlace), inPlace);
    assert.ok((await add({}, token)).bytes.includes(`>${xml}<`), xml);
  }
});

test('only one well-formed element in UTF-8 is a token', async () => {
  const wrong = [
    '',
    '<a>',
    '<a/><b/>',
    ' <a/>',
    '<a/> ',
    '<!-- c --><a/>',
    '<?xml version="1.0"?><a/>',
    '<p:a/>',
    '\ufeff<a/>',
  ];
  for (const xml of wrong) await assert.rejects(add({}, bearerToken(xml)), InvalidTokenError, xml);
  const latin1 = { token: { bytes: Buffer.from('<a>é</a>', 'latin1') } };
  await assert.rejects(add({}, latin1), InvalidTokenError);
});

test('an id that the message has as well is refused', async () => {
  const clash = (attribute: string) =>
    `<e:Envelope xmlns:e="${SOAP11}"><e:Body><a ${attribute}="${TOKEN_ID}"/></e:Body></e:Envelope>`;
  for (const attribute of ['Id', 'ID', 'AssertionID']) {
    await assert.rejects(add({}, BEARER, clash(attribute)), DuplicateIdError);
  }
  assert.ok((await add({}, BEARER, clash('name'))).bytes.includes(ASSERTION));
});

test('the signature refers to the token as its issuer said', async () => {
  const references = [
    [BY_KEY_IDENTIFIER, `<wsse:KeyIdentifier ValueType="${SAML_ID}">${TOKEN_ID}</wsse:KeyIdentifier>`],
    [BY_ID, `<wsse:Reference URI="#${TOKEN_ID}"></wsse:Reference>`],
  ] as const;
  for (const [reference, expected] of references) {
    const { bytes } = await add({ signature: byToken }, tokenInUse(TOKEN_SECRET, ASSERTION, reference));
    const { index } = readMessage(bytes);
    const [str] = all(index, WSSE, 'SecurityTokenReference');
    assert.ok(index.is(index.parent(str), DS, 'KeyInfo'));
    assert.equal(index.attribute(str, WSSE11, 'TokenType'), SAML2_TOKEN_TYPE);
    assert.equal(bytes.toString('utf8', index.contentStart(str), index.contentEnd(str)), expected);
  }
});

test('what a reference says is escaped', async () => {
  const reference = { form: 'KeyIdentifier', value: 'a<b', valueType: '"&', tokenType: '<"' } as const;
  const { bytes } = await add({ signature: byToken }, tokenInUse(TOKEN_SECRET, ASSERTION, reference));
  const { index } = readMessage(bytes);
  const [identifier] = all(index, WSSE, 'KeyIdentifier');
  assert.equal(index.text(identifier), 'a<b');
  assert.equal(index.attribute(identifier, '', 'ValueType'), '"&');
  assert.equal(index.attribute(index.parent(identifier), WSSE11, 'TokenType'), '<"');
});

test('a reference by an id that is not the token’s is refused', async () => {
  for (const value of ['other', 'inner']) {
    const xml = '<T ID="x"><U Id="inner"/></T>';
    const token = tokenInUse(TOKEN_SECRET, xml, { form: 'Direct', value });
    await assert.rejects(add({}, token), ReferenceUnresolvedError);
  }
});

const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey;
const keys: [SignatureAlgorithm, KeyObject][] = [
  ['HMAC-SHA256', TOKEN_SECRET],
  ['RSA-SHA256', pki.signer.key],
  ['RSA-PSS-SHA256', generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey],
  ['ECDSA-SHA256', ec('prime256v1')],
  ['ECDSA-SHA384', ec('secp384r1')],
  ['ECDSA-SHA512', ec('secp521r1')],
  ['Ed25519', generateKeyPairSync('ed25519').privateKey],
];
for (const [algorithm, key] of keys) {
  test(`the key decides on the algorithm: ${algorithm}`, async () => {
    const { bytes } = await add({ signature: byToken }, tokenInUse(key));
    assert.ok(bytes.includes(`<ds:SignatureMethod Algorithm="${signatureAlgorithms[algorithm].uri}">`));
    assert.deepEqual(await add({ signature: { ...byToken, algorithm } }, tokenInUse(key)).then(blocks), [
      'Timestamp',
      'Assertion',
      'Signature',
    ]);
  });
}

test('a key that cannot do what the policy says is refused', async () => {
  const needs: [SignatureAlgorithm, KeyObject][] = [
    ['RSA-SHA256', TOKEN_SECRET],
    ['HMAC-SHA256', pki.signer.key],
    ['ECDSA-SHA256', pki.signer.key],
  ];
  for (const [algorithm, key] of needs) {
    const secured = add({ signature: { ...byToken, algorithm } }, tokenInUse(key));
    await assert.rejects(secured, (error: Error) => {
      return error instanceof KeyNotAcceptedError && error.message.includes(algorithm);
    });
  }
  const x25519 = generateKeyPairSync('x25519').privateKey;
  await assert.rejects(add({ signature: byToken }, tokenInUse(x25519)), KeyNotAcceptedError);
});

test('without a key, a reference or the token in the message nothing can be signed with it', async () => {
  await assert.rejects(add({ signature: byToken }, BEARER), KeyNotFoundError);
  const unnamed: TokenInUse = { token: { bytes: BEARER.token.bytes }, key: TOKEN_SECRET };
  await assert.rejects(add({ signature: byToken }, unnamed), KeyNotFoundError);
  await assert.rejects(add({ signature: byToken, securityToken: undefined }), KeyNotFoundError);
});

test('a token that does not sign can be encrypted, in both orders', async () => {
  const signature = signatureSettings({ parts: [BODY, TIMESTAMP] });
  const decryption = {
    keys: [{ key: pki.recipient.key, certificate: pki.recipient.certificate, name: 'recipient' }],
    requiredParts: [BODY],
    accept: { dataAlgorithms: ['AES256-GCM'], keyTransports: ['RSA-OAEP'] },
    requireSignedEncryptedData: false,
  } as const;
  for (const order of ['SignThenEncrypt', 'EncryptThenSign'] as const) {
    for (const mode of ['Element', 'Content'] as const) {
      const encrypted = encryptionSettings({ parts: [BODY, { ...TOKEN, mode }] });
      const { bytes } = await add({ order, signature, encryption: encrypted }, BEARER);
      assert.ok(!bytes.includes('saml:Issuer'));
      assert.equal(bytes.includes('note="a>b"'), mode === 'Content');
      assert.ok(bytes.includes('BinarySecurityToken'));
      const settings = {
        removeSecurityHeader: false,
        decryption,
        signatureConfirmation: false,
        replay: { window: 0, onCacheUnavailable: 'Refuse' },
      } as const;
      const context = { now: secureContext().now, exchange: EMPTY_EXCHANGE, limits: DEFAULT_LIMITS };
      assert.ok(verify(readMessage(bytes), settings, context).bytes.includes(ASSERTION));
    }
  }
  const empty = bearerToken('<T a=">"/>');
  const content = encryptionSettings({ parts: [{ ...TOKEN, mode: 'Content' }] });
  await assert.rejects(add({ encryption: content }, empty), PartMissingError);
});

test('a token that signs stays readable', async () => {
  const encrypted = encryptionSettings({ parts: [BODY, TOKEN] });
  for (const order of ['SignThenEncrypt', 'EncryptThenSign'] as const) {
    await assert.rejects(add({ order, signature: byToken, encryption: encrypted }), PartMissingError);
  }
});

test('property: whatever the token, it comes out byte for byte and means what it meant', async () => {
  const text = fc.string({ unit: fc.constantFrom('é', '>', '&lt;', '\r\n', '€', '𐍈', ' ', 'x') });
  const prefix = fc.constantFrom('', 'p');
  await fc.assert(
    fc.asyncProperty(prefix, prefix, text, fc.boolean(), async (outer, inner, value, declared) => {
      const q = (p: string, name: string) => (p === '' ? name : `${p}:${name}`);
      const xml =
        `<${q(outer, 'T')} xmlns:p="urn:p"${declared ? ' xmlns="urn:d"' : ''} a="${value.replace(/\s/g, '')}">` +
        `<${q(inner, 'U')}>${value}</${q(inner, 'U')}></${q(outer, 'T')}>`;
      const token = bearerToken(xml);
      const envelope = `<Envelope xmlns="${SOAP11}" xmlns:p="urn:other"><Body/></Envelope>`;
      const { bytes } = await add({ timestamp: undefined }, token, envelope);
      const message = readMessage(bytes);
      const element = message.index.firstChild(securityHeaders(message, undefined)[0]);
      const options = { mode: 'exclusive', comments: true } as const;
      assert.deepEqual(canonicalize(message.index, element, options), canonicalize(scan(Buffer.from(xml)), 0, options));
      assert.ok(bytes.toString().replace(' xmlns=""', '').includes(xml));
    }),
    { numRuns: 100 },
  );
});

function all(index: ReturnType<typeof readMessage>['index'], namespace: string, localName: string): number[] {
  return Array.from({ length: index.elementCount }, (_, element) => element).filter((element) =>
    index.is(element, namespace, localName),
  );
}
