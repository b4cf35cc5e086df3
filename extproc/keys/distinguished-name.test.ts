import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as der from '../../test/support/der-writer.ts';
import { DerError } from './der.ts';
import { nameKey, readName } from './distinguished-name.ts';

const OID = {
  CN: '2.5.4.3',
  surname: '2.5.4.4',
  serialNumber: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  street: '2.5.4.9',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  title: '2.5.4.12',
  givenName: '2.5.4.42',
  dnQualifier: '2.5.4.46',
  DC: '0.9.2342.19200300.100.1.25',
  UID: '0.9.2342.19200300.100.1.1',
  email: '1.2.840.113549.1.9.1',
} as const;

const attribute = (oid: string, value: string | Buffer): Buffer =>
  der.sequence(der.oid(oid), typeof value === 'string' ? der.utf8String(value) : value);
const name = (...parts: readonly (readonly Buffer[])[]): Buffer =>
  der.sequence(...parts.map((part) => der.set(...part)));

/** The texts are what OpenJDK 17 prints for these names: `new X500Principal(der).getName(X500Principal.RFC2253)`. */
const asJavaWrites: readonly (readonly [der: Buffer, text: string])[] = [
  [
    name([attribute(OID.C, der.printableString('DE'))], [attribute(OID.O, 'Example')], [attribute(OID.CN, 'acme')]),
    'CN=acme,O=Example,C=DE',
  ],
  [
    name([attribute(OID.O, 'Acme, Inc.')], [attribute(OID.CN, 'a+b=c<d>e;f#g"h\\i')]),
    'CN=a\\+b\\=c\\<d\\>e\\;f\\#g\\"h\\\\i,O=Acme\\, Inc.',
  ],
  [name([attribute(OID.CN, '#1 partner')]), 'CN=\\#1 partner'],
  [
    name([attribute(OID.CN, '  lead and trail  ')], [attribute(OID.O, 'in  side')]),
    'O=in  side,CN=\\ \\ lead and trail\\ \\ ',
  ],
  [name([attribute(OID.CN, '   ')]), 'CN=\\ \\ \\ '],
  [name([attribute(OID.CN, '')]), 'CN='],
  [
    name([attribute(OID.CN, 'mail')], [attribute(OID.email, der.ia5String('Ops@Example.com'))]),
    '1.2.840.113549.1.9.1=#160f4f7073404578616d706c652e636f6d,CN=mail',
  ],
  [
    name([attribute(OID.CN, 'x')], [attribute(OID.serialNumber, der.printableString('12345'))]),
    '2.5.4.5=#13053132333435,CN=x',
  ],
  [
    name(
      [attribute(OID.title, 'Dr')],
      [attribute(OID.surname, 'Sur')],
      [attribute(OID.givenName, 'Given')],
      [attribute(OID.dnQualifier, der.printableString('q'))],
    ),
    '2.5.4.46=#130171,2.5.4.42=#0c05476976656e,2.5.4.4=#0c03537572,2.5.4.12=#0c024472',
  ],
  [
    name(
      [attribute(OID.DC, der.ia5String('com'))],
      [attribute(OID.DC, der.ia5String('example'))],
      [attribute(OID.UID, 'jdoe')],
    ),
    'UID=jdoe,DC=example,DC=com',
  ],
  [
    name(
      [attribute(OID.street, 'Main 1')],
      [attribute(OID.L, 'Berlin')],
      [attribute(OID.ST, 'BE')],
      [attribute(OID.OU, 'Unit')],
    ),
    'OU=Unit,ST=BE,L=Berlin,STREET=Main 1',
  ],
  [name([attribute(OID.OU, 'b'), attribute(OID.CN, 'a'), attribute(OID.UID, 'c')]), 'OU=b+CN=a+UID=c'],
  [name([attribute(OID.CN, 'Müller Straße ČĆ 😀')]), 'CN=Müller Straße ČĆ 😀'],
  [name([attribute(OID.CN, der.tlv(0x1b, Buffer.from('general')))]), 'CN=general'],
  [name([attribute(OID.CN, der.tlv(0x1c, Buffer.from('000000410001f600', 'hex')))]), 'CN=#1c08000000410001f600'],
  [name([attribute(OID.CN, der.tlv(0x12, Buffer.from('123')))]), 'CN=#1203313233'],
  [name([attribute(OID.CN, 'a\0b')]), 'CN=a\\00b'],
  [name([attribute(OID.CN, 'a\nb\rc\td')]), 'CN=a\nb\rc\td'],
  [
    name([attribute('1.2.3.4.5', 'x')], [attribute('2.5.4.97', 'VATDE-1')]),
    '2.5.4.97=#0c0756415444452d31,1.2.3.4.5=#0c0178',
  ],
  [name(), ''],
];

test('names are written as Java writes them', () => {
  for (const [bytes, text] of asJavaWrites) assert.equal(readName(bytes).text, text);
});

test('a name as Java writes it is found again', () => {
  for (const [bytes, text] of asJavaWrites) assert.equal(nameKey(text), readName(bytes).key, text);
});

test('BMPString and TeletexString values are read', () => {
  const bmp = der.tlv(0x1e, Buffer.from('Grüße', 'utf16le').swap16());
  assert.equal(readName(name([attribute(OID.CN, bmp)])).text, 'CN=Grüße');
  assert.equal(
    readName(name([attribute(OID.CN, der.tlv(0x14, Buffer.from('M\xfcller', 'latin1')))])).text,
    'CN=Müller',
  );
});

const partner = readName(
  name(
    [attribute(OID.C, der.printableString('DE'))],
    [attribute(OID.O, 'Acme, Inc.')],
    [attribute(OID.OU, 'b'), attribute(OID.CN, 'Partner  One')],
    [attribute(OID.email, der.ia5String('ops@example.com'))],
  ),
);

test('the same name in the spellings of other peers is the same name', () => {
  const spellings = [
    'E=ops@example.com, CN=Partner One + OU=b, O="Acme, Inc.", C=DE',
    'EMAILADDRESS=ops@example.com,OU=b+CN=Partner One,O=Acme\\, Inc.,C=DE',
    'emailAddress=OPS@example.com; cn=partner one+ou=B; o=ACME\\2C INC.; c=de',
    '1.2.840.113549.1.9.1=#160f6f7073406578616d706c652e636f6d,2.5.4.3=Partner One+2.5.4.11=b,OID.2.5.4.10="Acme, Inc.",C=DE',
    '1.2.840.113549.1.9.1=#160F6F7073406578616D706C652E636F6D , CN = Partner One + OU = b , O = "Acme, Inc." , C = DE ',
    'oid.1.2.840.113549.1.9.1=ops@example.com,\n  CN=Partner One+OU=b,\n  O=Acme\\, Inc.,\n  C=DE',
  ];
  for (const spelling of spellings) assert.equal(nameKey(spelling), partner.key, spelling);
});

test('another name is another name', () => {
  const others = [
    'C=DE,O="Acme, Inc.",CN=Partner One+OU=b,E=ops@example.com',
    'E=ops@example.com,CN=Partner One,OU=b,O="Acme, Inc.",C=DE',
    'E=ops@example.com,CN=Partner Two+OU=b,O="Acme, Inc.",C=DE',
    'E=ops@example.com,CN=Partner One+OU=b,O="Acme, Inc."',
    'E=ops@example.com,CN=Partner One+OU=b,O="Acme, Inc.",C=DE,C=DE',
    'E=ops@example.com,CN=Partner One+OU=b,O=Acme\\,Inc.,C=DE',
  ];
  for (const other of others) {
    assert.notEqual(nameKey(other), undefined, other);
    assert.notEqual(nameKey(other), partner.key, other);
  }
});

test('a value cannot pretend to be the structure of a name', () => {
  const forged = readName(name([attribute(OID.CN, 'a,O=b')]));
  assert.notEqual(forged.key, nameKey('CN=a,O=b'));
  assert.equal(forged.key, nameKey('CN=a\\,O\\=b'));
  assert.notEqual(readName(name([attribute(OID.CN, '#0c0161')])).key, nameKey('CN=#0c0161'));
});

test('.NET doubles quotes inside quotes', () => {
  assert.equal(nameKey('CN="The ""Best"" Co"'), nameKey('CN=The \\"Best\\" Co'));
});

test('escaped octets are UTF-8', () => {
  assert.equal(nameKey('CN=Lu\\C4\\8Di\\C4\\87'), nameKey('CN=Lučić'));
});

test('texts that are no name are no name', () => {
  for (const text of [
    'acme',
    '=x',
    'CN',
    'XY=1',
    'CN="open',
    'CN="a" b',
    'CN=#0',
    'CN=#zz',
    'CN=#',
    'CN=a,',
    'CN=a+',
    'CN=\\',
  ]) {
    assert.equal(nameKey(text), undefined, text);
  }
  assert.equal(nameKey('CN=#30'), undefined, 'truncated DER');
  assert.equal(nameKey(`CN=${'a'.repeat(9000)}`), undefined, 'too long');
  assert.equal(nameKey(Array.from({ length: 65 }, () => 'OU=a').join()), undefined, 'too many attributes');
});

test('any text gives a key or none, and never an exception', () => {
  const piece = fc.oneof(
    fc.constantFrom('CN', 'OID.2.5.4.3', '=', ',', '+', ';', '"', '\\', '#', '0c', ' ', '\n', '2.5.4.3', '\\C4', '\0'),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const key = nameKey(pieces.join(''));
      assert.ok(key === undefined || typeof key === 'string');
    }),
    { numRuns: 2000 },
  );
});

test('whatever strings a name is made of, its text leads back to it', () => {
  const value = fc.string({ unit: 'grapheme', maxLength: 20 });
  const parts = fc.array(
    fc.array(fc.tuple(fc.constantFrom(...Object.values(OID)), value), { minLength: 1, maxLength: 3 }),
    {
      maxLength: 5,
    },
  );
  fc.assert(
    fc.property(parts, (list) => {
      const bytes = name(...list.map((part) => part.map(([oid, text]) => attribute(oid, text))));
      const { text, key } = readName(bytes);
      assert.equal(nameKey(text), key);
    }),
    { numRuns: 1000 },
  );
});

test('damaged names are refused with a DerError only', () => {
  const good = name([attribute(OID.CN, 'acme')], [attribute(OID.email, der.ia5String('a@b'))]);
  const change = fc.record({ at: fc.nat(good.length - 1), octet: fc.nat(255), cut: fc.nat(good.length) });
  fc.assert(
    fc.property(change, ({ at, octet, cut }) => {
      const damaged = Buffer.from(good.subarray(0, cut));
      if (at < cut) damaged[at] = octet;
      try {
        readName(damaged);
      } catch (error) {
        assert.ok(error instanceof DerError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
