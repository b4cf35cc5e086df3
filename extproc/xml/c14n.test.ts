/**
 * Examples of the specifications. Those of Canonical XML that declare attribute defaults, types or entities in a DTD
 * are given as the document that the DTD stands for, because no DTD is ever read: 3.3 without the attribute defaults,
 * 3.4 without the NMTOKENS and ID types, 3.5 with its entities written out.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { canonicalize, canonicalizeDocument, type CanonicalizeOptions, digestCanonical } from './c14n.ts';
import { CanonicalOutput } from './canonical-output.ts';
import { C14nError } from './errors.ts';
import { scan } from './scan.ts';
import type { XmlIndex } from './xml-index.ts';

const INCLUSIVE: readonly CanonicalizeOptions[] = [
  { mode: 'inclusive10', comments: false },
  { mode: 'inclusive11', comments: false },
];
const EXCLUSIVE: CanonicalizeOptions = { mode: 'exclusive', comments: false };

const index = (document: string): XmlIndex => scan(Buffer.from(document));
const form = (x: XmlIndex, element: number, options: CanonicalizeOptions) =>
  canonicalize(x, element, options).toString();
const named = (x: XmlIndex, name: string) => {
  for (let e = 0; e < x.elementCount; e++) if (x.localName(e) === name) return e;
  throw new Error(`No element ${name}`);
};

test('Canonical XML 3.1: processing instructions, comments and the outside of the root', () => {
  const document =
    '<?xml version="1.0"?>\n\n<?xml-stylesheet   href="doc.xsl"\n   type="text/xsl"   ?>\n\n\n' +
    '<doc>Hello, world!<!-- Comment 1 --></doc>\n\n<?pi-without-data     ?>\n\n<!-- Comment 2 -->\n\n<!-- Comment 3 -->';
  const start = '<?xml-stylesheet href="doc.xsl"\n   type="text/xsl"   ?>\n<doc>Hello, world!';
  for (const options of INCLUSIVE) {
    const plain = canonicalizeDocument(index(document), options).toString();
    assert.equal(plain, `${start}</doc>\n<?pi-without-data?>`);
    const commented = canonicalizeDocument(index(document), { ...options, comments: true }).toString();
    const end = '<!-- Comment 1 --></doc>\n<?pi-without-data?>\n<!-- Comment 2 -->\n<!-- Comment 3 -->';
    assert.equal(commented, start + end);
  }
});

test('Canonical XML 3.2: white space in content', () => {
  const document =
    '<doc>\n   <clean>   </clean>\n   <dirty>   A   B   </dirty>\n   <mixed>\n      A\n      <clean>   </clean>\n' +
    '      B\n      <dirty>   A   B   </dirty>\n      C\n   </mixed>\n</doc>';
  for (const options of INCLUSIVE) {
    assert.equal(canonicalizeDocument(index(document), options).toString(), document);
    assert.equal(canonicalizeDocument(index(document.replaceAll('\n', '\r\n')), options).toString(), document);
  }
});

test('Canonical XML 3.3: start and end tags', () => {
  const document =
    '<doc>\n   <e1   />\n   <e2   ></e2>\n   <e3   name = "elem3"   id="elem3"   />\n' +
    '   <e4   name="elem4"   id="elem4"   ></e4>\n' +
    '   <e5 a:attr="out" b:attr="sorted" attr2="all" attr="I\'m"\n      xmlns:b="http://www.ietf.org"\n' +
    '      xmlns:a="http://www.w3.org"\n      xmlns="http://example.org"/>\n   <e6 xmlns="" xmlns:a="http://www.w3.org">\n' +
    '      <e7 xmlns="http://www.ietf.org">\n         <e8 xmlns="" xmlns:a="http://www.w3.org">\n' +
    '            <e9 xmlns="" xmlns:a="http://www.ietf.org"/>\n         </e8>\n      </e7>\n   </e6>\n</doc>';
  const canonical =
    '<doc>\n   <e1></e1>\n   <e2></e2>\n   <e3 id="elem3" name="elem3"></e3>\n   <e4 id="elem4" name="elem4"></e4>\n' +
    '   <e5 xmlns="http://example.org" xmlns:a="http://www.w3.org" xmlns:b="http://www.ietf.org" attr="I\'m"' +
    ' attr2="all" b:attr="sorted" a:attr="out"></e5>\n   <e6 xmlns:a="http://www.w3.org">\n' +
    '      <e7 xmlns="http://www.ietf.org">\n         <e8 xmlns="">\n' +
    '            <e9 xmlns:a="http://www.ietf.org"></e9>\n         </e8>\n      </e7>\n   </e6>\n</doc>';
  for (const options of INCLUSIVE) assert.equal(canonicalizeDocument(index(document), options).toString(), canonical);
});

test('Canonical XML 3.4: character modifications and references', () => {
  const document =
    '<doc>\n   <text>First line&#x0d;&#10;Second line</text>\n   <value>&#x32;</value>\n' +
    '   <compute><![CDATA[value>"0" && value<"10" ?"valid":"error"]]></compute>\n' +
    '   <compute expr=\'value>"0" &amp;&amp; value&lt;"10" ?"valid":"error"\'>valid</compute>\n' +
    "   <norm attr=' &apos;   &#x20;&#13;&#xa;&#9;   &apos; '/>\n</doc>";
  const canonical =
    '<doc>\n   <text>First line&#xD;\nSecond line</text>\n   <value>2</value>\n' +
    '   <compute>value&gt;"0" &amp;&amp; value&lt;"10" ?"valid":"error"</compute>\n' +
    '   <compute expr="value>&quot;0&quot; &amp;&amp; value&lt;&quot;10&quot; ?&quot;valid&quot;:&quot;error&quot;">valid' +
    '</compute>\n   <norm attr=" \'    &#xD;&#xA;&#x9;   \' "></norm>\n</doc>';
  for (const options of INCLUSIVE) assert.equal(canonicalizeDocument(index(document), options).toString(), canonical);
});

test('Canonical XML 3.5: text where entities were', () => {
  const document = '<doc attrExtEnt="entExt">\n   Hello, world&#33;\n</doc>\n\n<!-- Let world.txt contain "world" -->';
  for (const options of INCLUSIVE) {
    const canonical = '<doc attrExtEnt="entExt">\n   Hello, world!\n</doc>';
    assert.equal(canonicalizeDocument(index(document), options).toString(), canonical);
  }
});

test('Canonical XML 3.6: UTF-8', () => {
  const document = '<?xml version="1.0" encoding="UTF-8"?>\n<doc>&#169;</doc>';
  for (const options of INCLUSIVE) {
    assert.equal(
      canonicalizeDocument(index(document), options).toString('hex'),
      Buffer.from('<doc>©</doc>').toString('hex'),
    );
  }
});

test('Canonical XML 3.7: an element of a document takes namespaces and xml: attributes of its ancestors', () => {
  const document =
    '<doc xmlns="http://www.ietf.org" xmlns:w3c="http://www.w3.org">\n' +
    '   <e1 xml:lang="en">\n      <e2 xmlns="" xml:space="preserve">\n         <e3 id="E3"/>\n      </e2>\n   </e1>\n</doc>';
  const x = index(document);
  for (const options of INCLUSIVE) {
    const e2 =
      '<e2 xmlns:w3c="http://www.w3.org" xml:lang="en" xml:space="preserve">\n         <e3 id="E3"></e3>\n      </e2>';
    assert.equal(form(x, named(x, 'e2'), options), e2);
    const e3 = '<e3 xmlns:w3c="http://www.w3.org" id="E3" xml:lang="en" xml:space="preserve"></e3>';
    assert.equal(form(x, named(x, 'e3'), options), e3);
  }
});

test('Canonical XML 1.1: xml:id stays, xml:base is joined', () => {
  const x = index(
    '<doc xmlns="http://www.ietf.org" xml:id="outer" xml:base="http://www.example.com/something/else">' +
      '<e1 xml:base="../bar/" xml:lang="en"><e2 xml:base="foo"><e3/></e2></e1></doc>',
  );
  const e2 = named(x, 'e2');
  const inclusive11 = form(x, e2, { mode: 'inclusive11', comments: false });
  const base = 'http://www.example.com/bar/foo';
  assert.equal(inclusive11, `<e2 xmlns="http://www.ietf.org" xml:base="${base}" xml:lang="en"><e3></e3></e2>`);
  const inclusive10 = form(x, e2, { mode: 'inclusive10', comments: false });
  assert.equal(
    inclusive10,
    '<e2 xmlns="http://www.ietf.org" xml:base="foo" xml:id="outer" xml:lang="en"><e3></e3></e2>',
  );
  const e3 = form(x, named(x, 'e3'), { mode: 'inclusive11', comments: false });
  assert.equal(e3, `<e3 xmlns="http://www.ietf.org" xml:base="${base}" xml:lang="en"></e3>`);
});

test('Exclusive C14N 2.1: the same element in two envelopes', () => {
  const element =
    '<n1:elem2 xmlns:n1="http://example.net" xml:lang="en">\n     <n3:stuff xmlns:n3="ftp://example.org"/>\n   </n1:elem2>';
  const bare = `<n0:pdu xmlns:n0='http://a.example'>${element}</n0:pdu>`;
  const other = `<n2:pdu xmlns:n1='http://example.com' xmlns:n2='http://foo.example' xml:lang='fr' xml:space='retain'>${element}</n2:pdu>`;
  const expected =
    '<n1:elem2 xmlns:n1="http://example.net" xml:lang="en">\n     <n3:stuff xmlns:n3="ftp://example.org"></n3:stuff>\n   </n1:elem2>';
  for (const document of [bare, other]) assert.equal(form(index(document), 1, EXCLUSIVE), expected);
  const inclusive =
    '<n1:elem2 xmlns:n1="http://example.net" xmlns:n2="http://foo.example" xml:lang="en" xml:space="retain">\n' +
    '     <n3:stuff xmlns:n3="ftp://example.org"></n3:stuff>\n   </n1:elem2>';
  for (const options of INCLUSIVE) assert.equal(form(index(other), 1, options), inclusive);
});

test('Exclusive C14N: the PrefixList is rendered as in Canonical XML', () => {
  const x = index(
    '<r xmlns="urn:d" xmlns:a="urn:a" xmlns:b="urn:b" xmlns:c="urn:c"><a:e><f xmlns:b="urn:b2" xmlns:c="urn:c2"/></a:e></r>',
  );
  const e = named(x, 'e');
  assert.equal(form(x, e, EXCLUSIVE), '<a:e xmlns:a="urn:a"><f xmlns="urn:d"></f></a:e>');
  const list = { ...EXCLUSIVE, inclusivePrefixes: ['b', '#default', 'nowhere'] };
  assert.equal(form(x, e, list), '<a:e xmlns="urn:d" xmlns:a="urn:a" xmlns:b="urn:b"><f xmlns:b="urn:b2"></f></a:e>');
});

test('xmlns="" appears exactly where a default namespace ends', () => {
  const x = index('<r xmlns="urn:d"><p:a xmlns:p="urn:p" xmlns=""><b/><c xmlns="urn:d"><d xmlns=""/></c></p:a></r>');
  const expected = '<p:a xmlns:p="urn:p"><b></b><c xmlns="urn:d"><d xmlns=""></d></c></p:a>';
  assert.equal(form(x, 1, EXCLUSIVE), expected);
  for (const options of INCLUSIVE) assert.equal(form(x, 1, options), expected);
  assert.equal(form(x, 2, EXCLUSIVE), '<b></b>');
  for (const options of INCLUSIVE) assert.equal(form(x, 2, options), '<b xmlns:p="urn:p"></b>');
  const whole = '<r xmlns="urn:d"><p:a xmlns="" xmlns:p="urn:p"><b></b><c xmlns="urn:d"><d xmlns=""></d></c></p:a></r>';
  for (const options of INCLUSIVE) assert.equal(form(x, 0, options), whole);
  const lean = '<r xmlns="urn:d"><p:a xmlns:p="urn:p"><b xmlns=""></b><c><d xmlns=""></d></c></p:a></r>';
  assert.equal(form(x, 0, EXCLUSIVE), lean);
});

test('attributes and declarations are in the order of their code points', () => {
  const x = index(
    '<r b="" B="" é="" \u{10000}="" \uffee="" z:a="" y:b="" y:a="" xmlns:z="urn:1" xmlns:y="urn:2" xmlns:Z="urn:3" Z:a=""/>'.replace(
      '\uffee',
      '\ufa0e',
    ),
  );
  assert.equal(
    form(x, 0, EXCLUSIVE),
    '<r xmlns:Z="urn:3" xmlns:y="urn:2" xmlns:z="urn:1" B="" b="" é="" \ufa0e="" \u{10000}="" z:a="" y:a="" y:b="" Z:a=""></r>',
  );
});

test('a fragment is canonicalized in its context', () => {
  const namespaces = new Map([
    ['', 'urn:d'],
    ['p', 'urn:p'],
  ]);
  const x = scan(Buffer.from('<a><p:b/></a>'), { namespaces });
  assert.equal(form(x, 0, EXCLUSIVE), '<a xmlns="urn:d"><p:b xmlns:p="urn:p"></p:b></a>');
  for (const options of INCLUSIVE) {
    assert.equal(form(x, 0, options), '<a xmlns="urn:d" xmlns:p="urn:p"><p:b></p:b></a>');
  }
});

test('an added identifier gives the form of the document that has it', () => {
  const added = new Map([
    [1, { prefix: 'wsu', namespaceUri: 'urn:wsu', localName: 'Id', value: 'a&"1', declare: true }],
    [2, { prefix: 'wsu', namespaceUri: 'urn:wsu', localName: 'Id', value: '2', declare: false }],
    [3, { prefix: '', namespaceUri: '', localName: 'Id', value: '3', declare: false }],
  ]);
  const before = index('<s:r xmlns:s="urn:s"><s:b z="1" a="2"><c xmlns:o="urn:o" o:x=""/><d/></s:b></s:r>');
  const after = index(
    '<s:r xmlns:s="urn:s"><s:b xmlns:wsu="urn:wsu" wsu:Id="a&amp;&quot;1" z="1" a="2">' +
      '<c wsu:Id="2" xmlns:o="urn:o" o:x=""/><d Id="3"/></s:b></s:r>',
  );
  for (const mode of ['exclusive', 'inclusive10', 'inclusive11'] as const) {
    for (const inclusivePrefixes of [[], ['wsu', 's']]) {
      for (let e = 0; e < before.elementCount; e++) {
        const options = { mode, comments: false, inclusivePrefixes };
        assert.equal(form(before, e, { ...options, added }), form(after, e, options), `${mode} ${e}`);
      }
    }
  }
  assert.equal(form(before, 3, EXCLUSIVE), '<d></d>');
});

test('STR-Transform: the apex declares a default namespace, if need be an empty one', () => {
  const options = { ...EXCLUSIVE, augmentDefaultNamespace: true };
  const x = index('<r xmlns:p="urn:p"><p:a><b/></p:a><c xmlns="urn:c"><d/></c></r>');
  assert.equal(form(x, 1, options), '<p:a xmlns="" xmlns:p="urn:p"><b></b></p:a>');
  assert.equal(form(x, 3, options), '<c xmlns="urn:c"><d></d></c>');
  assert.equal(form(x, 2, options), '<b xmlns=""></b>');
  const listed = index('<p:a xmlns:p="urn:p" xmlns=""/>');
  assert.equal(form(listed, 0, options), '<p:a xmlns="" xmlns:p="urn:p"></p:a>');
});

test('enveloped signature transform: an element is left out, and nothing else', () => {
  const document =
    '<a:r xmlns:a="urn:a" xmlns:b="urn:b"> <b:s> <b:t x="&lt;"/>\r\n</b:s ><!-- c -->\r\n<b:u/><b:v  y="1" xmlns:b="urn:b"></b:v></a:r>';
  const left = document.slice(document.indexOf('<b:s>'), document.indexOf('<!--'));
  const id = { prefix: '', namespaceUri: '', localName: 'Id', value: '1', declare: false };
  for (const options of [...INCLUSIVE, EXCLUSIVE, { ...EXCLUSIVE, comments: true, inclusivePrefixes: ['b'] }]) {
    const whole = index(document);
    const without = index(document.replace(left, ''));
    const omitted = named(whole, 's');
    assert.equal(form(whole, 0, { ...options, omitted }), form(without, 0, options));
    const added = (x: XmlIndex) => ({ added: new Map([[named(x, 'u'), id]]) });
    assert.equal(
      form(whole, 0, { ...options, omitted, ...added(whole) }),
      form(without, 0, { ...options, ...added(without) }),
    );
    assert.equal(form(whole, omitted, options), form(index(document), omitted, options));
  }
});

test('relative namespace URIs have no canonical form', () => {
  const relative = ['a', './a', '../a', '/a', '//host/a', '?a', '#a', '1:a', ':a', 'é:a', ' urn:a', '&#x20;urn:a'];
  for (const uri of relative) {
    const x = index(`<r><a xmlns:p="${uri}"/><b/></r>`);
    for (const options of [...INCLUSIVE, EXCLUSIVE]) {
      assert.throws(() => canonicalize(x, 0, options), C14nError, uri);
      assert.throws(() => canonicalize(x, 1, options), C14nError, uri);
      assert.throws(() => digestCanonical(x, 1, options, 'sha256'), C14nError, uri);
      assert.throws(() => canonicalizeDocument(x, options), C14nError, uri);
      // What is beside it is not concerned, nor is a form that comes after a failure.
      assert.equal(form(x, 2, options), '<b></b>');
    }
  }
  const outside = index('<r xmlns="rel" xmlns:q="rel2"><p:a xmlns:p="urn:p"/></r>');
  for (const options of INCLUSIVE) assert.throws(() => canonicalize(outside, 1, options), C14nError);
  assert.equal(form(outside, 1, EXCLUSIVE), '<p:a xmlns:p="urn:p"></p:a>');
  assert.throws(() => canonicalize(outside, 1, { ...EXCLUSIVE, inclusivePrefixes: ['q'] }), C14nError);
  const context = scan(Buffer.from('<a/>'), { namespaces: new Map([['', 'rel']]) });
  for (const options of [...INCLUSIVE, EXCLUSIVE]) assert.throws(() => canonicalize(context, 0, options), C14nError);
  for (const uri of ['urn:a', 'http://a', 'a1+-.:x']) form(index(`<r xmlns="${uri}"/>`), 0, EXCLUSIVE);
});

test('white space in end tags goes, also where it is the only thing that does', () => {
  const x = index('<r><a>1</a ><a>2</a\r\n><b></b\t></r >');
  for (const options of [...INCLUSIVE, EXCLUSIVE]) {
    assert.equal(form(x, 0, options), '<r><a>1</a><a>2</a><b></b></r>');
    assert.equal(form(x, 2, options), '<a>2</a>');
  }
});

test('a digest is that of the canonical form, whatever its size', () => {
  const sizes = [0, 10, 159, 160, 8191, 8192, 65_000, 65_536, 200_000];
  for (const size of sizes) {
    const document = `<r><a b='1'>${'x'.repeat(size)}</a>${'<c d="1"/>\r\n'.repeat(size / 10)}</r>`;
    const x = index(document);
    for (const hash of ['sha1', 'sha256', 'sha512']) {
      const expected = createHash(hash)
        .update(canonicalize(x, 0, EXCLUSIVE))
        .digest('hex');
      assert.equal(digestCanonical(x, 0, EXCLUSIVE, hash).toString('hex'), expected, `${size} ${hash}`);
    }
    assert.equal(
      form(x, 0, EXCLUSIVE),
      `<r><a b="1">${'x'.repeat(size)}</a>${'<c d="1"></c>\n'.repeat(size / 10)}</r>`,
    );
  }
});

test('a canonical form is canonical', () => {
  const x = index('<r xmlns="urn:d" z="1" a=\'&#9;"\'>\r\n<b/><![CDATA[<&>]]>&#13;<c xmlns=""><?p  q?></c></r>');
  for (const options of [...INCLUSIVE, EXCLUSIVE]) {
    const once = form(x, 0, options);
    assert.equal(form(index(once), 0, options), once);
  }
});

test('the digest of nothing is never given for that of an element', () => {
  const { tables } = index('<a/>');
  assert.throws(() => CanonicalOutput.toHash(tables, 'sha256').finish(), C14nError);
  assert.throws(() => CanonicalOutput.toBuffer(tables, 0).finish(), C14nError);
});
