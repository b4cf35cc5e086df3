import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readMessage } from '../../../test/support/securing.ts';
import { AddressingInvalidError, InvalidStructureError, WssError } from '../errors.ts';
import { SOAP11, SOAP12 } from '../namespaces.ts';
import { messageIdOf, readAddressing, type Addressing } from './read.ts';
import { NAMESPACES, REPLY } from './versions.ts';

const { '1.0': WSA, '2004/08': WSA_2004 } = NAMESPACES;

const envelope = (header: string, soap = SOAP11, body = '') =>
  readMessage(
    `<s:Envelope xmlns:s="${soap}" xmlns:a="${WSA}" xmlns:b="${WSA_2004}"><s:Header>${header}</s:Header>` +
      `<s:Body>${body}</s:Body></s:Envelope>`,
  );
const read = (header: string): Addressing => readAddressing(envelope(header));

for (const [prefix, version] of [
  ['a', '1.0'],
  ['b', '2004/08'],
] as const) {
  test(`reads every property of ${version}`, () => {
    const block = (name: string, content: string) =>
      `<${prefix}:${name} s:mustUnderstand="1">${content}</${prefix}:${name}>`;
    const endpoint = (name: string, address: string) =>
      block(
        name,
        `<${prefix}:Address>${address}</${prefix}:Address><${prefix}:ReferenceParameters><x/></${prefix}:ReferenceParameters>`,
      );
    const header =
      `<x:Action xmlns:x="urn:other">no</x:Action>${block('Action', 'urn:a')}${block('MessageID', '\r\n urn:uuid:1\t')}` +
      `${block('To', 'http://to/?a&amp;b')}${endpoint('From', 'urn:from')}${endpoint('ReplyTo', ' urn:reply ')}` +
      `${endpoint('FaultTo', 'urn:fault')}${block('RelatesTo', 'urn:uuid:0')}${block('Unknown', '')}`;
    for (const soap of [SOAP11, SOAP12]) {
      assert.deepEqual(readAddressing(envelope(header, soap)), {
        version,
        action: 'urn:a',
        messageId: 'urn:uuid:1',
        to: 'http://to/?a&b',
        from: 'urn:from',
        replyTo: 'urn:reply',
        faultTo: 'urn:fault',
        relatesTo: [{ messageId: 'urn:uuid:0', type: REPLY[version] }],
      });
    }
  });
}

test('a message without Header, or with others alone, says nothing', () => {
  const bare = readMessage(`<s:Envelope xmlns:s="${SOAP11}"><s:Body/></s:Envelope>`);
  assert.deepEqual(readAddressing(bare), { relatesTo: [] });
  assert.deepEqual(read('<To>urn:x</To><x:To xmlns:x="urn:x">urn:x</x:To>'), { relatesTo: [] });
  assert.equal(messageIdOf(bare), undefined);
});

test('relationships have types: an IRI, or in 2004 a qualified name', () => {
  const types = (header: string) => read(header).relatesTo.map(({ type }) => type);
  assert.deepEqual(types('<a:RelatesTo>u</a:RelatesTo><a:RelatesTo RelationshipType=" urn:t ">u</a:RelatesTo>'), [
    `${WSA}/reply`,
    'urn:t',
  ]);
  const relation = (type: string) => `<b:RelatesTo xmlns:t="urn:t" RelationshipType="${type}">u</b:RelatesTo>`;
  assert.deepEqual(types(relation('b:Reply') + relation('t:x') + relation('x')), [
    `{${WSA_2004}}Reply`,
    '{urn:t}x',
    '{}x',
  ]);
  assert.throws(() => read(relation('nobody:x')), AddressingInvalidError);
});

const refused: [string, string][] = [
  ['two MessageIDs', '<a:MessageID>u</a:MessageID><a:MessageID>v</a:MessageID>'],
  [
    'two MessageIDs of which one is for somebody else',
    '<a:MessageID>u</a:MessageID><a:MessageID s:actor="urn:x">v</a:MessageID>',
  ],
  ['two Actions', '<a:Action>u</a:Action><a:Action>u</a:Action>'],
  ['two ReplyTos', '<a:ReplyTo><a:Address>u</a:Address></a:ReplyTo>'.repeat(2)],
  ['two versions', '<a:MessageID>u</a:MessageID><b:Action>u</b:Action>'],
  ['an empty MessageID', '<a:MessageID> </a:MessageID>'],
  ['a MessageID of 9000 bytes', `<a:MessageID>${'x'.repeat(9000)}</a:MessageID>`],
  ['17 relationships', '<a:RelatesTo>u</a:RelatesTo>'.repeat(17)],
  ['an endpoint without Address', '<a:ReplyTo/>'],
  ['an endpoint whose Address is of the other version', '<a:ReplyTo><b:Address>u</b:Address></a:ReplyTo>'],
  ['an endpoint whose Address is deeper', '<a:FaultTo><x><a:Address>u</a:Address></x></a:FaultTo>'],
  ['an endpoint with an empty Address', '<a:FaultTo><a:Address/></a:FaultTo>'],
];
for (const [name, header] of refused) {
  test(`refuses ${name}`, () => assert.throws(() => read(header), AddressingInvalidError));
}

const notText: [string, string][] = [
  ['a comment in a MessageID', '<a:MessageID>u<!-- -->v</a:MessageID>'],
  ['an element in an Action', '<a:Action>u<x/></a:Action>'],
  ['two Addresses', '<a:ReplyTo><a:Address>u</a:Address><a:Address>v</a:Address></a:ReplyTo>'],
];
for (const [name, header] of notText) {
  test(`refuses ${name}`, () => assert.throws(() => read(header), InvalidStructureError));
}

test('the MessageID by itself: of either version, the only one, and readable', () => {
  const id = (header: string) => messageIdOf(envelope(header));
  assert.equal(id('<x:MessageID xmlns:x="urn:x">x</x:MessageID><a:MessageID> u </a:MessageID>'), 'u');
  assert.equal(id('<b:MessageID>u</b:MessageID>'), 'u');
  assert.equal(id('<a:MessageID>u</a:MessageID><a:To/>'), 'u');
  for (const none of [
    '',
    '<MessageID>u</MessageID>',
    '<a:MessageID/>',
    '<a:MessageID>u</a:MessageID><b:MessageID>u</b:MessageID>',
    '<a:MessageID>u<!-- c --></a:MessageID>',
    '<x><a:MessageID>u</a:MessageID></x>',
    `<a:MessageID>${'x'.repeat(9000)}</a:MessageID>`,
  ]) {
    assert.equal(id(none), undefined, none);
  }
  assert.equal(messageIdOf(envelope('', SOAP11, '<a:MessageID>u</a:MessageID>')), undefined);
});

const names = ['Action', 'MessageID', 'To', 'From', 'ReplyTo', 'FaultTo', 'RelatesTo', 'Address', 'Other'];
const fragment = fc.letrec<{ block: string }>((tie) => ({
  block: fc
    .tuple(
      fc.constantFrom('a', 'b', 's'),
      fc.constantFrom(...names),
      fc.constantFrom('', ' RelationshipType="b:Reply"', ' RelationshipType="q:x"', ' s:actor="urn:x"'),
      fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom('', 'urn:u', ' ', '<!-- c -->', '&#13;'),
        fc.array(tie('block'), { maxLength: 3 }),
      ),
    )
    .map(([prefix, name, attributes, content]) => {
      const inside = typeof content === 'string' ? content : content.join('');
      return `<${prefix}:${name}${attributes}>${inside}</${prefix}:${name}>`;
    }),
})).block;

test('fuzz: what is read is text of that name in the Header, and everything else is refused by name', () => {
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 6 }), (blocks) => {
      const message = envelope(blocks.join(''));
      let addressing: Addressing;
      try {
        addressing = readAddressing(message);
      } catch (error) {
        assert.ok(error instanceof WssError, String(error));
        return;
      }
      assert.equal(messageIdOf(message), addressing.messageId);
      const { index, header } = message;
      const own = index.children(header).filter((child) => [WSA, WSA_2004].includes(index.namespaceUri(child)));
      const count = (name: string) => own.filter((child) => index.localName(child) === name).length;
      assert.equal(count('MessageID'), addressing.messageId === undefined ? 0 : 1);
      assert.equal(count('ReplyTo'), addressing.replyTo === undefined ? 0 : 1);
      assert.equal(count('RelatesTo'), addressing.relatesTo.length);
      assert.equal(addressing.version === undefined, own.length === 0);
    }),
    { numRuns: 1000 },
  );
});
