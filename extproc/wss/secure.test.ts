import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  BODY,
  elementPart,
  encryptionSettings,
  headerPart,
  NOW,
  order,
  pki,
  readMessage,
  secureContext,
  secureSettings,
  secureText,
  SIGNATURE,
  signatureSettings,
  TIMESTAMP,
  TIMESTAMP_SETTINGS,
  TOKEN,
  USERNAME_TOKEN,
} from '../../test/support/securing.ts';
import { scan } from '../xml/scan.ts';
import {
  DuplicateIdError,
  InvalidStructureError,
  KeyNotAcceptedError,
  KeyNotFoundError,
  PartMissingError,
  SecurityHeaderDuplicatedError,
  UnsupportedAlgorithmError,
} from './errors.ts';
import { EMPTY_EXCHANGE } from './exchange-state.ts';
import { DS, SOAP11, SOAP12, WSSE, WSSE11, WSU, XENC } from './namespaces.ts';
import { secure } from './secure.ts';
import type { SecureSettings } from './settings.ts';
import { securityHeaders, type SoapMessage } from './soap.ts';

const SIMPLE = `<e:Envelope xmlns:e="${SOAP11}"><e:Body><a xmlns="urn:a">text</a></e:Body></e:Envelope>`;
const usernameToken = {
  username: 'al<i>ce & "co"',
  password: 'pa<ss>&',
  passwordType: 'Text',
  nonce: true,
  created: true,
} as const;

/** Names of the children of our Security header. */
function blocks(message: SoapMessage, actor?: string): string[] {
  const [security] = securityHeaders(message, actor);
  return message.index.children(security).map((child) => message.index.localName(child));
}

async function secured(xml: string, settings: Partial<SecureSettings>): Promise<SoapMessage> {
  return readMessage((await secureText(xml, settings)).bytes);
}

test('a policy that adds nothing leaves the message as it is', async () => {
  const { bytes } = await secureText(order(), {});
  assert.equal(bytes.toString(), order());
});

test('a message without Header gets one, in the Envelope’s own prefix', async () => {
  for (const [prefix, colon] of [
    ['e', ':'],
    ['', ''],
  ]) {
    const name = `${prefix}${colon}`;
    const xml = `<${name}Envelope xmlns${colon}${prefix}="${SOAP12}"> <${name}Body/></${name}Envelope>`;
    const message = await secured(xml, { timestamp: TIMESTAMP_SETTINGS, actor: 'urn:gw' });
    const { index } = message;
    const [security] = securityHeaders(message, 'urn:gw');
    assert.equal(index.parent(security), message.header);
    assert.equal(index.prefix(message.header), prefix);
    assert.equal(index.attribute(security, SOAP12, 'mustUnderstand'), 'true');
    assert.equal(index.attribute(security, SOAP12, 'role'), 'urn:gw');
    assert.deepEqual(blocks(message, 'urn:gw'), ['Timestamp']);
  }
});

test('empty Header and empty Security tags are opened', async () => {
  const header = await secured(`<e:Envelope xmlns:e="${SOAP11}"><e:Header a="/>" /><e:Body/></e:Envelope>`, {
    timestamp: TIMESTAMP_SETTINGS,
    mustUnderstand: false,
  });
  assert.equal(header.index.attribute(header.header, '', 'a'), '/>');
  const [security] = securityHeaders(header, undefined);
  assert.equal(header.index.attribute(security, SOAP11, 'mustUnderstand'), undefined);

  const existing = await secured(
    `<e:Envelope xmlns:e="${SOAP11}"><e:Header><w:Security xmlns:w="${WSSE}" x="1"/></e:Header><e:Body/></e:Envelope>`,
    { timestamp: TIMESTAMP_SETTINGS, signature: signatureSettings() },
  );
  assert.equal(securityHeaders(existing, undefined).length, 1);
  assert.deepEqual(blocks(existing), ['Timestamp', 'BinarySecurityToken', 'Signature']);
});

test('our blocks go before those of an existing header of ours; headers for others stay', async () => {
  const other = `<w:Security xmlns:w="${WSSE}" e:actor="urn:other"><w:X/></w:Security>`;
  const mine = `<w:Security xmlns:w="${WSSE}" xmlns:wsse="urn:clash"><w:UsernameToken/></w:Security>`;
  const xml = `<e:Envelope xmlns:e="${SOAP11}"><e:Header>${other}${mine}</e:Header><e:Body/></e:Envelope>`;
  const settings = { timestamp: TIMESTAMP_SETTINGS, signature: signatureSettings() };
  const message = await secured(xml, settings);
  assert.deepEqual(blocks(message), ['Timestamp', 'BinarySecurityToken', 'Signature', 'UsernameToken']);
  const { index } = message;
  const timestamp = index.firstChild(securityHeaders(message, undefined)[0]);
  assert.ok(index.is(timestamp, WSU, 'Timestamp'));
  assert.ok(index.bytes.toString().includes(other));

  const last = await secured(xml, { ...settings, layout: 'LaxTimestampLast' });
  assert.deepEqual(blocks(last), ['BinarySecurityToken', 'Signature', 'UsernameToken', 'Timestamp']);
});

test('a second header for our actor, and a second Timestamp, are refused', async () => {
  const header = (content: string) => `<w:Security xmlns:w="${WSSE}">${content}</w:Security>`;
  const envelope = (content: string) =>
    `<e:Envelope xmlns:e="${SOAP11}"><e:Header>${content}</e:Header><e:Body/></e:Envelope>`;
  const settings = { timestamp: TIMESTAMP_SETTINGS };
  await assert.rejects(secureText(envelope(header('') + header('')), settings), SecurityHeaderDuplicatedError);
  const timestamp = `<u:Timestamp xmlns:u="${WSU}"/>`;
  await assert.rejects(secureText(envelope(header(timestamp)), settings), InvalidStructureError);
});

test('blocks stand in the order that a receiver can work through', async () => {
  const all = {
    timestamp: TIMESTAMP_SETTINGS,
    usernameToken,
    signature: signatureSettings({ confirm: true }),
    encryption: encryptionSettings({ keyIdentifier: 'BinarySecurityToken' }),
  };
  const key = ['BinarySecurityToken', 'EncryptedKey'];
  const rest = ['UsernameToken', 'SignatureConfirmation', 'BinarySecurityToken', 'Signature'];
  assert.deepEqual(blocks(await secured(SIMPLE, all)), [...key, 'Timestamp', ...rest]);
  assert.deepEqual(blocks(await secured(SIMPLE, { ...all, layout: 'LaxTimestampFirst' })), [
    'Timestamp',
    ...key,
    ...rest,
  ]);
  assert.deepEqual(blocks(await secured(SIMPLE, { ...all, layout: 'LaxTimestampLast' })), [
    ...key,
    ...rest,
    'Timestamp',
  ]);
  const encryptFirst = { ...all, order: 'EncryptThenSign' } as const;
  assert.deepEqual(blocks(await secured(SIMPLE, encryptFirst)), ['Timestamp', ...rest, ...key]);

  const withToken = { ...encryptFirst, encryption: encryptionSettings({ parts: [BODY, USERNAME_TOKEN] }) };
  assert.deepEqual(blocks(await secured(SIMPLE, withToken)), [
    'Timestamp',
    'SignatureConfirmation',
    'BinarySecurityToken',
    'Signature',
    'EncryptedKey',
    'EncryptedData',
  ]);
  const shared = signatureSettings({ key: undefined, keyIdentifier: 'EncryptedKeySHA1', algorithm: 'HMAC-SHA256' });
  assert.deepEqual(blocks(await secured(SIMPLE, { ...encryptFirst, usernameToken: undefined, signature: shared })), [
    'BinarySecurityToken',
    'EncryptedKey',
    'Timestamp',
    'Signature',
    'ReferenceList',
  ]);
});

test('an id that is there is used, and otherwise one is inserted', async () => {
  const xml =
    `<e:Envelope xmlns:e="${SOAP11}" xmlns:wsu="urn:not-wsu" xmlns:u="${WSU}"><e:Body u:Id="mine"><a/><b xmlns="urn:b"/>` +
    `<d:Signature xmlns:d="${DS}"/></e:Body></e:Envelope>`;
  const parts = [BODY, elementPart('urn:b', 'b'), elementPart(DS, 'Signature')];
  const message = await secured(xml, { signature: signatureSettings({ parts }) });
  const { index } = message;
  const signature = index.child(securityHeaders(message, undefined)[0], DS, 'Signature');
  const references = index.children(index.firstChild(signature)).slice(2);
  const uris = references.map((reference) => index.attribute(reference, '', 'URI') ?? '');
  assert.equal(uris.length, 3);
  assert.equal(uris[0], '#mine');
  const b = index.firstChild(message.body) + 1;
  assert.equal(index.prefix(b), '');
  assert.equal(`#${index.attribute(b, WSU, 'Id')}`, uris[1]);
  // The prefix wsu means something else here and must go on to do so.
  assert.equal(index.namespaceOf(b, 'wsu'), 'urn:not-wsu');
  assert.equal(`#${index.attribute(b + 1, '', 'Id')}`, uris[2]);
  for (const uri of uris) assert.equal(index.elementsWithId(uri.slice(1)).length, 1);
});

test('an id that several elements have, or that is none, is refused', async () => {
  const xml = (id: string, other: string) =>
    `<e:Envelope xmlns:e="${SOAP11}" xmlns:u="${WSU}"><e:Body u:Id="${id}"><a ID="${other}"/></e:Body></e:Envelope>`;
  const settings = { signature: signatureSettings({ parts: [BODY] }) };
  await assert.rejects(secureText(xml('x', 'x'), settings), DuplicateIdError);
  await assert.rejects(secureText(xml('a b', 'x'), settings), InvalidStructureError);
  await secureText(xml('x', 'y'), settings);
});

test('a required part that is missing is refused before anything is computed; an optional one is passed over', async () => {
  let asked = 0;
  const context = secureContext();
  const counting = { ...context, sign: () => (asked++, Buffer.alloc(256)) };
  for (const part of [elementPart('urn:a', 'b'), headerPart('urn:h'), TIMESTAMP, USERNAME_TOKEN, SIGNATURE]) {
    const settings = secureSettings({ signature: signatureSettings({ parts: [BODY, part] }) });
    await assert.rejects(secure(readMessage(SIMPLE), settings, counting), PartMissingError, part.kind);
    await assert.rejects(
      secureText(SIMPLE, { encryption: encryptionSettings({ parts: [part] }) }),
      PartMissingError,
      part.kind,
    );
  }
  assert.equal(asked, 0);
  const optional = [BODY, elementPart('urn:a', 'b', true), { ...TIMESTAMP, optional: true }];
  const message = await secured(SIMPLE, {
    signature: signatureSettings({ parts: optional }),
    encryption: encryptionSettings({ parts: [elementPart('urn:a', 'b', true)] }),
  });
  assert.deepEqual(blocks(message), ['BinarySecurityToken', 'Signature']);
  // A signature over nothing proves nothing.
  const nothing = signatureSettings({ parts: [elementPart('urn:a', 'b', true)] });
  await assert.rejects(secureText(SIMPLE, { signature: nothing }), PartMissingError);
  // What cannot be there yet, or cannot be named.
  const early = { signature: signatureSettings({ parts: [BODY] }), order: 'EncryptThenSign' } as const;
  await assert.rejects(
    secureText(SIMPLE, { ...early, encryption: encryptionSettings({ parts: [SIGNATURE] }) }),
    PartMissingError,
  );
  const unnamed = signatureSettings({ parts: [BODY, TOKEN], keyIdentifier: 'KeyValue' });
  await assert.rejects(secureText(SIMPLE, { signature: unnamed }), PartMissingError);
});

test('keys and algorithms that do not fit are refused', async () => {
  const tripleDes = encryptionSettings({ dataAlgorithm: 'TripleDES-CBC' });
  await assert.rejects(secureText(SIMPLE, { encryption: tripleDes }), UnsupportedAlgorithmError);
  const elliptic = encryptionSettings({ recipient: { certificate: pki.ec256.certificate, name: 'ec' } });
  await assert.rejects(secureText(SIMPLE, { encryption: elliptic }), KeyNotAcceptedError);
  await assert.rejects(
    secureText(SIMPLE, { encryption: encryptionSettings({ recipient: 'RequestSigner' }) }),
    KeyNotFoundError,
  );
  const ecdsaWithRsa = signatureSettings({ algorithm: 'ECDSA-SHA256', parts: [BODY] });
  await assert.rejects(secureText(SIMPLE, { signature: ecdsaWithRsa }), KeyNotAcceptedError);
  const hmacWithRsa = signatureSettings({ algorithm: 'HMAC-SHA256', parts: [BODY] });
  await assert.rejects(secureText(SIMPLE, { signature: hmacWithRsa }), KeyNotAcceptedError);
  const keyless = signatureSettings({ key: undefined, parts: [BODY] });
  await assert.rejects(secureText(SIMPLE, { signature: keyless }), KeyNotFoundError);
  const shared = signatureSettings({ keyIdentifier: 'EncryptedKeySHA1', algorithm: 'HMAC-SHA256', parts: [BODY] });
  await assert.rejects(secureText(SIMPLE, { signature: shared }), KeyNotFoundError);
});

test('a whole header block becomes an EncryptedHeader with the attributes of the Security header', async () => {
  const message = await secured(order(), {
    actor: 'urn:gw',
    encryption: encryptionSettings({ parts: [headerPart('urn:shop', 'Session'), headerPart('urn:trace')] }),
  });
  const { index } = message;
  const headers = index.children(message.header).filter((child) => index.is(child, WSSE11, 'EncryptedHeader'));
  assert.equal(headers.length, 2);
  for (const header of headers) {
    assert.equal(index.attribute(header, SOAP11, 'mustUnderstand'), '1');
    assert.equal(index.attribute(header, SOAP11, 'actor'), 'urn:gw');
    assert.ok(index.attribute(header, WSU, 'Id'));
    assert.deepEqual(
      index.children(header).map((child) => index.localName(child)),
      ['EncryptedData'],
    );
  }
});

test('a part inside another encrypted part is encrypted once', async () => {
  const parts = [elementPart('urn:shop', 'Card'), BODY, { ...BODY, mode: 'Element' as const }];
  const message = await secured(order(), { encryption: encryptionSettings({ parts: parts.slice(0, 2) }) });
  const { index } = message;
  const list = index.child(index.firstChild(securityHeaders(message, undefined)[0]), XENC, 'ReferenceList');
  assert.equal(index.children(list).length, 1);
  assert.deepEqual(
    index.children(message.body).map((child) => index.localName(child)),
    ['EncryptedData'],
  );
});

test('encrypted first, what stands for a part is signed', async () => {
  const parts = [BODY, headerPart('urn:shop', 'Session'), elementPart('urn:shop', 'Card'), USERNAME_TOKEN];
  const message = await secured(order(), {
    order: 'EncryptThenSign',
    usernameToken,
    signature: signatureSettings({ parts }),
    encryption: encryptionSettings({
      parts: [headerPart('urn:shop', 'Session'), elementPart('urn:shop', 'Card'), USERNAME_TOKEN],
    }),
  });
  const { index } = message;
  const signature = index.child(securityHeaders(message, undefined)[0], DS, 'Signature');
  const references = index.children(index.firstChild(signature)).slice(2);
  const signed = references.map((reference) => {
    const [element, ...others] = index.elementsWithId((index.attribute(reference, '', 'URI') ?? '').slice(1));
    assert.deepEqual(others, []);
    return index.localName(element);
  });
  assert.deepEqual(signed, ['Body', 'EncryptedHeader', 'EncryptedData', 'EncryptedData', 'EncryptedData']);
});

test('every signature of the request is confirmed, and that there was none', async () => {
  const settings = { signature: signatureSettings({ parts: [BODY], confirm: true }) };
  const values = async (verifiedSignatures: string[]) => {
    const { bytes } = await secureText(SIMPLE, settings, { ...EMPTY_EXCHANGE, verifiedSignatures });
    const message = readMessage(bytes);
    const { index } = message;
    const [security] = securityHeaders(message, undefined);
    const found = index.children(security).filter((child) => index.is(child, WSSE11, 'SignatureConfirmation'));
    const text = index.bytes.toString();
    for (const element of found) assert.ok(text.includes(`URI="#${index.attribute(element, WSU, 'Id')}"`));
    return found.map((element) => index.attribute(element, '', 'Value'));
  };
  assert.deepEqual(await values([]), [undefined]);
  assert.deepEqual(await values(['YQ==', 'Yg==']), ['YQ==', 'Yg==']);
});

test('the exchange learns our signature and our key, and can answer its signer', async () => {
  const exchange = { ...EMPTY_EXCHANGE, signerCertificate: pki.recipient.certificate.der, sentSignatures: ['before'] };
  const settings = {
    signature: signatureSettings({ parts: [BODY] }),
    encryption: encryptionSettings({ recipient: 'RequestSigner' }),
  };
  const { bytes, exchange: after } = await secureText(SIMPLE, settings, exchange);
  const message = readMessage(bytes);
  const value = /<ds:SignatureValue>([^<]*)</.exec(bytes.toString())?.[1];
  assert.deepEqual(after.sentSignatures, ['before', value]);
  assert.equal(after.encryptedKeys.length, 1);
  assert.equal(after.encryptedKeys[0].key.length, 32);
  assert.ok(bytes.includes(`<ds:X509SerialNumber>${pki.recipient.certificate.serialNumber}<`));
  assert.equal(message.index.localName(message.index.firstChild(message.body)), 'EncryptedData');
});

test('UsernameToken texts are escaped, and times are those of the clock', async () => {
  const message = await secured(SIMPLE, { timestamp: { ttl: 60_000, precision: 'Seconds' }, usernameToken });
  const { index } = message;
  const [security] = securityHeaders(message, undefined);
  const token = index.child(security, WSSE, 'UsernameToken');
  assert.equal(index.text(index.child(token, WSSE, 'Username')), usernameToken.username);
  assert.equal(index.text(index.child(token, WSSE, 'Password')), usernameToken.password);
  const timestamp = index.child(security, WSU, 'Timestamp');
  const time = (name: string) => Date.parse(index.text(index.child(timestamp, WSU, name)));
  assert.equal(time('Created'), Math.floor(NOW / 1000) * 1000);
  assert.equal(time('Expires') - time('Created'), 60_000);
  assert.match(index.text(index.child(timestamp, WSU, 'Created')), /^[^.]*Z$/);
});

/** What is left when all that we put into a message is cut out again. */
function withoutOurs(bytes: Buffer): string {
  return bytes
    .toString()
    .replace(/<wsse:Security .*?<\/wsse:Security>/s, '')
    .replace(/( xmlns:wsu="[^"]*")? wsu:Id="id-[^"]*"/g, '');
}

test('property: nothing but what we add differs from the original', async () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'é', ' ', '\n', '\r\n', '&amp;', '&#9;', '<![CDATA[<]]>', '<!--c-->', '<?p i?>'),
  });
  const attributes = fc.constantFrom('', ' a="1"', " b = 'x>y' ", ' xmlns="urn:d"', ' xmlns:p="urn:p" p:c="&lt;"');
  const element = fc
    .tuple(fc.constantFrom('x', 'y', 's:z'), attributes, text)
    .map(([n, a, t]) => `<${n}${a}>${t}</${n}>`);
  const message = fc
    .tuple(fc.constantFrom(SOAP11, SOAP12), text, fc.array(element), fc.array(element))
    .map(
      ([soap, misc, headers, body]) =>
        `<s:Envelope xmlns:s="${soap}" ><s:Header\n>${misc.replaceAll('&amp;', '')}${headers.join('\n')}</s:Header><s:Body>` +
        `${body.join(' ')}</s:Body\n></s:Envelope>`,
    );
  await fc.assert(
    fc.asyncProperty(message, fc.constantFrom('ExclusiveC14N', 'C14N10', 'C14N11'), async (xml, canonicalization) => {
      const parts = [
        BODY,
        TIMESTAMP,
        elementPart('', 'x', true),
        elementPart('urn:d', 'y', true),
        headerPart('urn:d', undefined, true),
      ];
      const { bytes } = await secureText(xml, {
        timestamp: TIMESTAMP_SETTINGS,
        usernameToken,
        signature: signatureSettings({ parts, canonicalization }),
      });
      assert.equal(withoutOurs(bytes), xml);
      scan(bytes);
    }),
  );
});
