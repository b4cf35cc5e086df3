/** Documents made to cost more than their size, and bytes that are no documents at all. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalize, type CanonicalizeOptions, digestCanonical } from './c14n.ts';
import { XmlError } from './errors.ts';
import { TOKEN_STRIDE } from './layout.ts';
import { scan } from './scan.ts';
import { documents } from './testdata/documents.ts';
import { TokenTable } from './token-table.ts';
import type { XmlIndex } from './xml-index.ts';

const WIDE = {
  maxBytes: 1e8,
  maxDepth: 1e6,
  maxElements: 1e6,
  maxAttributes: 1e6,
  maxNamespaces: 1e6,
  maxTotalAttributes: 1e7,
  maxNameLength: 1e6,
  maxTextLength: 1e8,
};
const MODES: readonly CanonicalizeOptions[] = [
  { mode: 'exclusive', comments: false },
  { mode: 'exclusive', comments: true, inclusivePrefixes: ['p1', '#default'] },
  { mode: 'inclusive10', comments: false },
  { mode: 'inclusive11', comments: true },
];

/** An array that counts how often one of its elements is read. */
function counting(rows: Int32Array): { rows: Int32Array; reads: () => number } {
  let reads = 0;
  const proxy = new Proxy(rows, {
    get(target, key) {
      if (typeof key === 'string' && key >= '0' && key < ':') reads++;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
  return { rows: proxy, reads: () => reads };
}

/** Reads of the tables of elements, attributes, declarations and tokens that canonicalizing the root takes. */
function canonicalizationWork(document: string, options: CanonicalizeOptions): number {
  const index = scan(Buffer.from(document), { limits: WIDE });
  const { tables } = index;
  const counters = [tables.elements, tables.attributes, tables.declarations, tables.rough, tables.tokens.rows].map(
    counting,
  );
  [tables.elements, tables.attributes, tables.declarations, tables.rough, tables.tokens.rows] = counters.map(
    (c) => c.rows,
  );
  canonicalize(index, 0, options);
  return counters.reduce((sum, counter) => sum + counter.reads(), 0);
}

const repeat = (count: number, part: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => part(i)).join('');

const SHAPES: Readonly<Record<string, (size: number) => string>> = {
  'nested elements that each declare a prefix': (n) =>
    repeat(n, (i) => `<p${i}:e xmlns:p${i}="urn:${i}">`) + repeat(n, (i) => `</p${n - 1 - i}:e>`),
  'nested elements that rebind one prefix': (n) => repeat(n, (i) => `<p:e xmlns:p="urn:${i}">`) + '</p:e>'.repeat(n),
  'nested default namespaces': (n) => repeat(n, (i) => `<e xmlns="urn:${i % 2}">`) + '</e>'.repeat(n),
  'many declarations, many users': (n) =>
    `<r ${repeat(n, (i) => `xmlns:p${i}="urn:${i}" `)}>${repeat(n, (i) => `<p${i}:e/>`)}</r>`,
  'many attributes': (n) => `<r xmlns:p="urn:p" ${repeat(n, (i) => `${i % 2 ? 'p:' : ''}a${n - i}="" `)}/>`,
  'siblings that each declare prefixes': (n) =>
    `<r>${repeat(n, (i) => `<p:e xmlns:p="urn:${i}" xmlns:q="urn:q"/>`)}</r>`,
  'empty comments': (n) => `<r>${'<!---->'.repeat(n)}</r>`,
  'text that is all references': (n) => `<r>${'&gt;>&#13;\r'.repeat(n)}</r>`,
  'nested xml: attributes': (n) => '<e xml:lang="a" xml:base="b/">'.repeat(n) + '</e>'.repeat(n),
};

for (const [name, shape] of Object.entries(SHAPES)) {
  test(`canonicalization is linear: ${name}`, () => {
    for (const options of MODES) {
      // Sorting makes the work of a tag with many attributes n log n.
      const small = canonicalizationWork(shape(500), options);
      const large = canonicalizationWork(shape(2000), options);
      assert.ok(large <= small * 5.5, `${options.mode}: ${small} reads, then ${large}`);
    }
  });

  // If anything took quadratic time, this would take far longer than the test may.
  test(`a large one comes to its end: ${name}`, { timeout: 60_000 }, () => {
    const index = scan(Buffer.from(shape(20_000)), { limits: WIDE });
    for (const options of MODES) digestCanonical(index, 0, options, 'sha256');
    const last = index.elementCount - 1;
    for (const options of MODES) digestCanonical(index, last, options, 'sha256');
    index.namespacesInScope(last);
    index.elementsWithId('x');
  });
}

test('names made to collide cost no more than others', () => {
  // The same first and last bytes, length, and bytes in between that the hash looks at: only the rest differs.
  const colliding = (i: number) => `aa${i.toString().padStart(6, '0')}aaaaaaaaaaaaaaaaaaaaaaaa`;
  const work = (count: number) => {
    const bytes = Buffer.from(repeat(count, colliding));
    const length = colliding(0).length;
    const counter = counting(new Int32Array((count + 10) * TOKEN_STRIDE));
    const table = new TokenTable(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), counter.rows);
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < count; i++) {
        const token = table.intern(i * length, (i + 1) * length);
        assert.equal(table.intern(i * length, (i + 1) * length), token);
      }
    }
    assert.equal(table.count, count + 5);
    return counter.reads();
  };
  const small = work(500);
  const large = work(2000);
  assert.ok(large <= small * 4.5, `${small} reads, then ${large}`);
});

test('content of another document never shows, however many names', () => {
  const document = (prefix: string) =>
    `<r>${repeat(3000, (i) => `<${prefix}${i} ${prefix}a${i}="${i}">${i}</${prefix}${i}>`)}</r>`;
  const indexes = ['x', 'y'].map((prefix) => scan(Buffer.from(document(prefix))));
  for (const [n, prefix] of ['x', 'y'].entries()) {
    for (let i = 0; i < 3000; i++) {
      assert.equal(indexes[n].localName(i + 1), `${prefix}${i}`);
      assert.equal(indexes[n].attribute(i + 1, '', `${prefix}a${i}`), `${i}`);
    }
  }
});

/** Every accessor of every element: none may fail on a document that was accepted. */
function visit(index: XmlIndex): void {
  for (let e = 0; e < index.elementCount; e++) {
    assert.ok(index.start(e) < index.contentStart(e) && index.contentStart(e) <= index.contentEnd(e));
    assert.ok(index.contentEnd(e) <= index.end(e) && index.end(e) <= index.bytes.length);
    for (const { value } of index.attributes(e)) index.elementsWithId(value);
    index.namespacesInScope(e);
    if (index.hasOnlyText(e)) index.text(e);
    for (let offset = index.start(e); offset <= index.end(e); offset++) index.isContentRange(offset, index.end(e), e);
    for (const options of MODES) {
      try {
        canonicalize(index, e, options);
      } catch (error) {
        if (!(error instanceof XmlError)) throw error;
      }
    }
  }
}

function scanOrRefuse(bytes: Buffer): boolean {
  let index: XmlIndex;
  try {
    index = scan(bytes);
  } catch (error) {
    if (error instanceof XmlError) return false;
    throw error;
  }
  visit(index);
  return true;
}

test('arbitrary bytes are scanned or refused', () => {
  const pieces = [
    '<',
    '>',
    '/',
    '!',
    '?',
    '-',
    '[',
    ']',
    '&',
    ';',
    '"',
    "'",
    '=',
    ' ',
    ':',
    'a',
    'xmlns',
    'CDATA',
    '#x',
    '\r',
    '\n',
    'é',
    '\0',
  ];
  const text = fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((parts) => Buffer.from(parts.join('')));
  const bytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array));
  fc.assert(
    fc.property(fc.oneof(text, bytes), (input) => void scanOrRefuse(input)),
    { numRuns: 2000 },
  );
});

test('mutated documents are scanned or refused', () => {
  let accepted = 0;
  const mutation = fc.record({
    at: fc.nat(),
    remove: fc.nat(3),
    insert: fc.constantFrom(
      '',
      '<',
      '>',
      '/',
      '&',
      '"',
      "'",
      ' ',
      ':',
      '<a>',
      '</a>',
      '<!--',
      '-->',
      ']]>',
      '\ud800',
      '\u0001',
      'xmlns:a="u" ',
    ),
  });
  fc.assert(
    fc.property(documents(), fc.array(mutation, { minLength: 1, maxLength: 3 }), (document, mutations) => {
      let bytes = Buffer.from(document);
      for (const { at, remove, insert } of mutations) {
        const offset = at % (bytes.length + 1);
        bytes = Buffer.concat([bytes.subarray(0, offset), Buffer.from(insert), bytes.subarray(offset + remove)]);
      }
      if (scanOrRefuse(bytes)) accepted++;
    }),
    { numRuns: 200 },
  );
  assert.ok(accepted > 10, `${accepted} accepted`);
});
