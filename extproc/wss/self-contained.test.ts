import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalize } from '../xml/c14n.ts';
import { scan } from '../xml/scan.ts';
import { selfContained } from './self-contained.ts';

/** The element of this local name, taken out. */
function taken(xml: string, localName: string): string {
  const index = scan(Buffer.from(xml));
  for (let element = 0; element < index.elementCount; element++) {
    if (index.localName(element) === localName) return selfContained(index, element).toString();
  }
  throw new Error('no such element');
}

test('declares what names use and take from around', () => {
  const xml = '<a:A xmlns:a="urn:a" xmlns:b="urn:b" xmlns:c="urn:c"><b:T a:x="1"><c:U xmlns:c="urn:d"/></b:T></a:A>';
  const expected = '<b:T xmlns:a="urn:a" xmlns:b="urn:b" xmlns:c="urn:c" a:x="1"><c:U xmlns:c="urn:d"/></b:T>';
  assert.equal(taken(xml, 'T'), expected);
});

test('takes the default namespace along unless the element says its own', () => {
  assert.equal(taken('<A xmlns="urn:a"><T/></A>', 'T'), '<T xmlns="urn:a"/>');
  assert.equal(taken('<A xmlns="urn:a"><T xmlns=""/></A>', 'T'), '<T xmlns=""/>');
  assert.equal(taken('<A xmlns="urn:a"><B xmlns=""><T/></B></A>', 'T'), '<T/>');
});

test('leaves alone what brings all it needs, white space and references included', () => {
  const token = `<s:T\n xmlns:s='urn:s'  ID = "x" >&amp;<!-- c --><s:U></s:U>\r\n</s:T >`;
  assert.equal(taken(`<A xmlns:b="urn:b" xmlns:s="urn:other" b:c="x">${token}</A>`, 'T'), token);
});

test('declares what values, text and lists of prefixes may mean', () => {
  const around = (inner: string) => `<A xmlns:xs="urn:xs" xmlns:no="urn:no">${inner}</A>`;
  const declared = '<T xmlns:xs="urn:xs"';
  for (const rest of [' t="xs:string"/>', ' l="a xs b"/>', '> xs:string </T>', '><![CDATA[xs:string]]></T>']) {
    assert.equal(taken(around(`<T${rest}`), 'T'), declared + rest);
  }
  for (const same of ['<T>xs</T>', '<T t="axs:b xsa"/>', '<T>AB&#13;&#xD;</T>'])
    assert.equal(taken(around(same), 'T'), same);
});

test('declares everything when a character reference could hide a prefix', () => {
  const token = taken('<A xmlns:xs="urn:xs" xmlns:y="urn:y"><T t="x&#115;:string"/></A>', 'T');
  assert.equal(token, '<T xmlns:xs="urn:xs" xmlns:y="urn:y" t="x&#115;:string"/>');
});

test('writes a namespace name so that it is the same again', () => {
  const token = taken(`<A xmlns:a='urn:"&lt;&amp;'><a:T/></A>`, 'T');
  assert.equal(token, '<a:T xmlns:a="urn:&quot;&lt;&amp;"/>');
});

const PREFIXES = ['', 'p', 'q', 'xs'];
const declaration = fc.record({ prefix: fc.constantFrom(...PREFIXES), uri: fc.constantFrom('urn:1', 'urn:2') });
const declarations = fc.uniqueArray(declaration, { selector: ({ prefix }) => prefix, maxLength: 3 });
const prefix = fc.constantFrom(...PREFIXES);
interface Node {
  readonly name: string;
  readonly attribute: string;
  readonly declarations: readonly { readonly prefix: string; readonly uri: string }[];
  readonly children: readonly Node[];
}
const { node } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.record({
    name: prefix,
    attribute: prefix,
    declarations,
    children: fc.oneof({ maxDepth: 4 }, fc.constant([]), fc.array(tie('node'), { minLength: 1, maxLength: 3 })),
  }),
}));

function write({ name, attribute, declarations: declared, children }: Node): string {
  const qualified = (p: string) => (p === '' ? 'n' : `${p}:n`);
  const tag = qualified(name);
  const namespaces = declared.map(({ prefix: p, uri }) => ` ${p === '' ? 'xmlns' : `xmlns:${p}`}="${uri}"`).join('');
  return `<${tag}${namespaces} ${qualified(attribute)}="${qualified(attribute)}">${children.map(write).join('')}</${tag}>`;
}

test('property: the exclusive canonical form, names and QNames in values stay what they were', () => {
  fc.assert(
    fc.property(node, fc.nat(), (root, pick) => {
      const all = ' xmlns:p="urn:1" xmlns:q="urn:2" xmlns:xs="urn:3"';
      const index = scan(Buffer.from(`<root${all}>${write(root)}</root>`));
      const element = pick % index.elementCount;
      const alone = scan(selfContained(index, element));
      const options = { mode: 'exclusive', comments: true, inclusivePrefixes: ['#default'] } as const;
      assert.deepEqual(canonicalize(alone, 0, options), canonicalize(index, element, options));
      for (let e = 0; e < alone.elementCount; e++) {
        assert.equal(alone.namespaceUri(e), index.namespaceUri(element + e));
        for (const { value } of alone.attributes(e)) {
          const used = value.includes(':') ? value.split(':')[0] : '';
          assert.equal(alone.namespaceOf(e, used), index.namespaceOf(element + e, used));
        }
      }
      assert.deepEqual(selfContained(alone, 0), alone.bytes);
    }),
    { numRuns: 500 },
  );
});
