import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NotTextError } from './errors.ts';
import { scan } from './scan.ts';
import type { XmlIndex } from './xml-index.ts';

const index = (document: string): XmlIndex => scan(Buffer.from(document));

test('offsets of tags and content', () => {
  const document = '\ufeff<r a="1" ><b/><c >x</c ></r>';
  const x = index(document);
  const slice = (start: number, end: number) => x.bytes.toString('utf8', start, end);
  assert.equal(x.elementCount, 3);
  assert.equal(slice(x.start(0), x.contentStart(0)), '<r a="1" >');
  assert.equal(slice(x.contentStart(0), x.contentEnd(0)), '<b/><c >x</c >');
  assert.equal(slice(x.contentEnd(0), x.end(0)), '</r>');
  assert.equal(slice(x.start(0), x.tagNameEnd(0)), '<r');
  assert.deepEqual([x.isEmptyTag(1), x.isEmptyTag(2)], [true, false]);
  assert.deepEqual([x.contentStart(1), x.contentEnd(1)], [x.end(1), x.end(1)]);
  assert.equal(slice(x.start(2), x.end(2)), '<c >x</c >');
});

test('parents, children and siblings', () => {
  const x = index('<a><b><c/><d/></b><e/><f><g/></f></a>');
  const names = (elements: number[]) => elements.map((e) => x.localName(e)).join('');
  assert.equal(names(x.children(0)), 'bef');
  assert.equal(names(x.children(1)), 'cd');
  assert.deepEqual(x.children(2), []);
  assert.deepEqual([x.parent(0), x.parent(1), x.parent(2), x.parent(6)], [-1, 0, 1, 5]);
  assert.deepEqual([x.nextSibling(0), x.nextSibling(1), x.nextSibling(3), x.nextSibling(5)], [-1, 4, -1, -1]);
  assert.deepEqual([x.subtreeEnd(0), x.subtreeEnd(1), x.subtreeEnd(4), x.subtreeEnd(6)], [7, 4, 5, 7]);
  assert.deepEqual([x.firstChild(0), x.firstChild(2)], [1, -1]);
});

test('names and namespaces', () => {
  const x = index('<p:a xmlns:p="urn:p" xmlns="urn:d"><b/><p:b xmlns:p="urn:q"><b xmlns=""/></p:b><p:b/></p:a>');
  const names = Array.from({ length: 5 }, (_, e) => `${x.prefix(e)}|${x.localName(e)}|${x.namespaceUri(e)}`);
  assert.deepEqual(names, ['p|a|urn:p', '|b|urn:d', 'p|b|urn:q', '|b|', 'p|b|urn:p']);
  assert.equal(x.is(2, 'urn:q', 'b'), true);
  assert.equal(x.is(2, 'urn:p', 'b'), false);
  assert.equal(x.is(2, 'urn:q', 'a'), false);
  assert.equal(x.child(0, 'urn:q', 'b'), 2);
  assert.equal(x.child(0, 'urn:p', 'b'), 4);
  assert.equal(x.child(0, '', 'b'), -1);
});

test('namespaces in scope', () => {
  const namespaces = new Map([
    ['', 'urn:outer'],
    ['o', 'urn:o'],
  ]);
  const x = scan(Buffer.from('<a xmlns:p="urn:p"><b xmlns="" xmlns:p="urn:q"/></a>'), { namespaces });
  const scope = (e: number) => Object.fromEntries(x.namespacesInScope(e));
  assert.deepEqual(scope(0), { '': 'urn:outer', o: 'urn:o', p: 'urn:p' });
  assert.deepEqual(scope(1), { o: 'urn:o', p: 'urn:q' });
  assert.equal(x.namespaceOf(1, ''), undefined);
  assert.equal(x.namespaceOf(0, ''), 'urn:outer');
  assert.equal(x.namespaceOf(1, 'p'), 'urn:q');
  assert.equal(x.namespaceOf(1, 'o'), 'urn:o');
  assert.equal(x.namespaceOf(1, 'none'), undefined);
  assert.equal(x.namespaceOf(1, 'xml'), 'http://www.w3.org/XML/1998/namespace');
});

test('attributes are normalised, namespace declarations are none', () => {
  const x = index('<a xmlns="urn:d" xmlns:p="urn:p" b="1" p:b=\'\t2\r\n&#10;&amp;"\' xml:lang="en"><b b=""/></a>');
  assert.equal(x.attribute(0, '', 'b'), '1');
  assert.equal(x.attribute(0, 'urn:p', 'b'), ' 2 \n&"');
  assert.equal(x.attribute(0, 'urn:d', 'b'), undefined);
  assert.equal(x.attribute(0, '', 'xmlns'), undefined);
  assert.equal(x.attribute(1, '', 'b'), '');
  const attributes = x.attributes(0);
  assert.deepEqual(
    attributes.map((a) => `${a.prefix}|${a.localName}|${a.namespaceUri}|${x.bytes.toString('utf8', a.start, a.end)}`),
    ['|b||b="1"', "p|b|urn:p|p:b='\t2\r\n&#10;&amp;\"'", 'xml|lang|http://www.w3.org/XML/1998/namespace|xml:lang="en"'],
  );
});

test('text is decoded, and only where there is nothing else', () => {
  const text = (document: string) => index(document).text(0);
  assert.equal(text('<a/>'), '');
  assert.equal(text('<a>ä&lt;&#x20AC;]]</a>'), 'ä<€]]');
  assert.equal(text('<a>1\r\n2\r3&#13;\n4</a>'), '1\n2\n3\r\n4');
  assert.equal(text('<a>x<![CDATA[<&amp;\r\n]]]>y<![CDATA[]]></a>'), 'x<&amp;\n]y');
  for (const document of ['<a>x<b/></a>', '<a>x<!-- --></a>', '<a><?p?></a>']) {
    assert.equal(index(document).hasOnlyText(0), false);
    assert.throws(() => index(document).text(0), NotTextError);
    assert.throws(() => index(document).textBytes(0), NotTextError);
  }
});

test('text bytes are a view where they can be', () => {
  const plain = index('<a>AAAA&#10;<b>QUJD</b></a>'.replace('&#10;', ''));
  const view = plain.textBytes(1);
  assert.equal(view.toString(), 'QUJD');
  assert.equal(view.buffer, plain.bytes.buffer);
  assert.equal(index('<a>QU&#74;D<![CDATA[x]]>\r\n</a>').textBytes(0).toString(), 'QUJDx\n');
});

test('elements by identifier, whatever the namespace of the attribute', () => {
  const x = index(
    '<a Id="1"><b xmlns:w="urn:w" w:Id="1"/><c ID="2" id="2"/><d AssertionID="3"/><e iD="1" idx="1" Ids="1"/>' +
      '<f id="&#49;"/><g xml:id="4"/></a>',
  );
  const names = (id: string) => x.elementsWithId(id).map((e) => x.localName(e));
  assert.deepEqual(names('1'), ['a', 'b', 'f']);
  assert.deepEqual(names('2'), ['c']);
  assert.deepEqual(names('3'), ['d']);
  assert.deepEqual(names('4'), ['g']);
  assert.deepEqual(names('5'), []);
  x.elementsWithId('1').push(99);
  assert.deepEqual(names('1'), ['a', 'b', 'f']);
});

test('comments and processing instructions are seen from every ancestor', () => {
  const x = index('<a><b><c><!----></c></b><d><?p?></d><e><f/>text</e></a>');
  const found = Array.from({ length: x.elementCount }, (_, e) => (x.hasCommentOrPi(e) ? x.localName(e) : ''));
  assert.equal(found.join(''), 'abcd');
});

test('content ranges: boundaries between tokens directly inside the parent', () => {
  const document = '<r>ab&amp;ü<c>x<d/></c><!--m--><![CDATA[n]]><?o o?><e/>z</r>';
  const x = index(document);
  const at = (text: string, from = 0) => x.bytes.indexOf(text, from);
  const allowed = new Set<number>();
  for (const token of ['ab', 'b&', '&amp;', 'ü', '<c>', '<!--', '<![', '<?o', '<e', 'z', '</r>'])
    allowed.add(at(token));
  for (let offset = 0; offset <= x.bytes.length; offset++) {
    const expected = allowed.has(offset);
    assert.equal(x.isContentRange(offset, x.contentEnd(0), 0), expected, `start ${offset}`);
    assert.equal(x.isContentRange(x.contentStart(0), offset, 0), expected, `end ${offset}`);
  }
  assert.equal(x.isContentRange(at('<!--'), at('ab'), 0), false);
  assert.equal(x.isContentRange(at('x<d'), at('<d'), 1), true);
  assert.equal(x.isContentRange(at('x<d'), at('</c>'), 1), true);
  assert.equal(x.isContentRange(at('x<d'), at('<!--'), 1), false);
  assert.equal(x.isContentRange(at('x<d'), at('<d'), 0), false);
});
