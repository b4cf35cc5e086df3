import assert from 'node:assert/strict';
import { test } from 'node:test';
import { order, readMessage } from '../../../test/support/securing.ts';
import { readAddressing } from './read.ts';
import { addAddressing } from './write.ts';
import { SOAP11, SOAP12 } from '../namespaces.ts';
import { ADDRESSING_DEFAULT, type AddressingSettings } from '../settings.ts';

const WSA = 'http://www.w3.org/2005/08/addressing';
const WSA_2004 = 'http://schemas.xmlsoap.org/ws/2004/08/addressing';
const VALUES = { action: 'urn:a?b&c', to: 'http://backend.example/', messageId: 'urn:uuid:1' };

function add(xml: string, settings: Partial<AddressingSettings>, values: Parameters<typeof addAddressing>[2] = VALUES) {
  const bytes = addAddressing(readMessage(xml), { version: '1.0', mustUnderstand: false, ...settings }, values);
  const message = readMessage(bytes);
  const { index } = message;
  const headers = message.header === -1 ? [] : index.children(message.header);
  return { bytes, message, headers: headers.map((header) => [index.namespaceUri(header), index.localName(header)]) };
}

test('writes every field, with the values of the exchange for Default', () => {
  const { message, headers } = add(`<e:Envelope xmlns:e="${SOAP12}"><e:Body/></e:Envelope>`, {
    action: ADDRESSING_DEFAULT,
    to: ADDRESSING_DEFAULT,
    messageId: ADDRESSING_DEFAULT,
    from: 'urn:from',
    replyTo: 'urn:reply',
    faultTo: 'urn:fault',
    relatesTo: 'urn:uuid:0',
    mustUnderstand: true,
  });
  const names = ['Action', 'MessageID', 'To', 'From', 'ReplyTo', 'FaultTo', 'RelatesTo'];
  assert.deepEqual(
    headers,
    names.map((name) => [WSA, name]),
  );
  const { index } = message;
  const expected = [VALUES.action, VALUES.messageId, VALUES.to, 'urn:from', 'urn:reply', 'urn:fault', 'urn:uuid:0'];
  for (const [i, header] of index.children(message.header).entries()) {
    const address = index.child(header, WSA, 'Address');
    assert.equal(address !== -1, ['From', 'ReplyTo', 'FaultTo'].includes(names[i]));
    assert.equal(index.text(address === -1 ? header : address), expected[i]);
    assert.equal(index.attribute(header, SOAP12, 'mustUnderstand'), 'true');
  }
});

test('replaces headers of the same kind, of either version, and no others', () => {
  const header = (namespace: string, name: string) => `<w:${name} xmlns:w="${namespace}">old</w:${name}>`;
  const kept = `${header('urn:other', 'To')}${header(WSA, 'ReplyTo')}`;
  const xml =
    `<e:Envelope xmlns:e="${SOAP11}"><e:Header>${header(WSA_2004, 'To')}${kept}${header(WSA, 'To')}</e:Header>` +
    `<e:Body>${header(WSA, 'To')}</e:Body></e:Envelope>`;
  const { bytes, headers } = add(xml, { version: '2004/08', to: 'urn:new' });
  assert.deepEqual(headers, [
    [WSA_2004, 'To'],
    ['urn:other', 'To'],
    [WSA, 'ReplyTo'],
  ]);
  const own = `<wsa:To xmlns:wsa="${WSA_2004}">urn:new</wsa:To>`;
  assert.equal(
    bytes.toString(),
    `<e:Envelope xmlns:e="${SOAP11}"><e:Header>${own}${kept}</e:Header><e:Body>${header(WSA, 'To')}</e:Body></e:Envelope>`,
  );
});

test('writes nothing that nobody knows', () => {
  const message = readMessage(order());
  const settings = {
    version: '1.0',
    action: ADDRESSING_DEFAULT,
    to: ADDRESSING_DEFAULT,
    mustUnderstand: true,
  } as const;
  assert.equal(addAddressing(message, settings, { messageId: 'urn:x', action: '' }), message.index.bytes);
});

test('says how the message relates to the one it answers', () => {
  const relationship = (version: AddressingSettings['version'], relationshipType?: string) => {
    const settings = { version, relatesTo: ADDRESSING_DEFAULT, relationshipType } as const;
    const { message } = add(order(), settings, { ...VALUES, relatesTo: 'urn:uuid:0' });
    assert.deepEqual(message.index.text(message.index.firstChild(message.header)), 'urn:uuid:0');
    return readAddressing(message).relatesTo[0].type;
  };
  assert.equal(relationship('1.0'), `${WSA}/reply`);
  assert.equal(relationship('1.0', 'urn:t?a="b"&c'), 'urn:t?a="b"&c');
  assert.equal(relationship('2004/08'), `{${WSA_2004}}Reply`);
  assert.equal(relationship('2004/08', '{urn:"t"&}x'), '{urn:"t"&}x');
  assert.equal(relationship('2004/08', '{}x'), '{}x');
  assert.equal(relationship('2004/08', 'wsa:Reply'), `{${WSA_2004}}Reply`);
});

test('relates to nothing when the message that it answers had no MessageID', () => {
  const { headers } = add(order(), { to: 'urn:to', relatesTo: ADDRESSING_DEFAULT, relationshipType: 'urn:t' });
  assert.deepEqual(headers[0], [WSA, 'To']);
  assert.ok(!headers.some(([, name]) => name === 'RelatesTo'));
});
