import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalize } from './c14n.ts';
import {
  DoctypeRefusedError,
  EncodingError,
  NotWellFormedError,
  XmlError,
  XmlLimitError,
  XmlVersionError,
} from './errors.ts';
import { DEFAULT_LIMITS, type XmlLimits } from './limits.ts';
import { scan } from './scan.ts';

const ACCEPTED: readonly string[] = [
  '<a/>',
  '<a></a>',
  '<a ></a >',
  '<a\n\t\r b="1"\nc=\'2\'/>',
  '<a b = "1"/>',
  '\ufeff<a/>',
  '<?xml version="1.0"?><a/>',
  "<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\n<a/>",
  '<?xml version="1.0" standalone="no"?><a/>',
  '<?xml\tversion = "1.0"\nencoding="US-ASCII"?><a/>',
  '\ufeff<?xml version="1.0" encoding="UTF-8"?><a/>',
  '<!-- c --><?pi x?> <a/> <!-- c --><?pi?>\n',
  '<?xml-stylesheet href="x"?><a/>',
  '<a><!----><!--->--><!-- - --><!-- <&>]]> --></a>',
  '<a><?x?><?x y?><?x ??></a>',
  '<a><![CDATA[]]><![CDATA[<&>]]]]><![CDATA[>]]></a>',
  '<a>]] > ]&gt; > "\'</a>',
  '<a b="]]>"/>',
  '<a b=">" c=\'"\' d="\'"/>',
  '<a>&lt;&gt;&amp;&quot;&apos;&#x9;&#10;&#13;&#32;&#xD7FF;&#xE000;&#xFFFD;&#x10FFFF;&#x0041;</a>',
  '<a b="&lt;&gt;&amp;&quot;&apos;&#9;"/>',
  '<a>\u007f\u0080\u009f\ud7ff\ue000\ufffd\u{10000}\u{10ffff}</a>',
  '<_:a xmlns:_="u"/>',
  '<é-.·\u0300 \u{10000}="x"/>',
  '<a:b xmlns:a="u" a:c="" c=""/>',
  '<a xmlns="u" xmlns:p="u" p:c="" c=""/>',
  '<a xmlns="u"><b xmlns=""/></a>',
  '<a xmlns:xml="http://www.w3.org/XML/1998/namespace" xml:lang="en"/>',
  '<xml:a/>',
  '<xmlish xmlA="1"/>',
  '<a><a><a></a></a><a/></a>',
  `<a>${'\t\n\r x'.repeat(50)}</a>`,
];

const REFUSED: readonly (readonly [document: string, problem: RegExp])[] = [
  ['', /No root element/],
  [' <!-- only -->', /No root element/],
  ['text', /Text outside/],
  ['<a/>text', /Text outside/],
  ['<a/>&#32;', /Text outside/],
  ['<a/><b/>', /Content after/],
  ['<a/></a>', /Content after/],
  ['</a>', /End tag without/],
  ['<a/><![CDATA[]]>', /CDATA section outside/],
  ['<![CDATA[]]><a/>', /CDATA section outside/],
  [' <?xml version="1.0"?><a/>', /target 'xml'/],
  ['<a><?xml?></a>', /target 'xml'/],
  ['<a><?XmL x?></a>', /target 'xml'/],
  ['<a><??></a>', /Malformed name/],
  ['<a><? x?></a>', /Malformed name/],
  ['<a><?x:y?></a>', /Malformed name/],
  ['<a><?x', /without an end/],
  ['<?xml version="1.0"', /Malformed XML declaration/],
  ['<?xml version="1.0">', /Malformed XML declaration/],
  ['<?xml version=1.0?><a/>', /Malformed XML declaration/],
  ['<?xml encoding="UTF-8"?><a/>', /Malformed XML declaration/],
  ['<?xml version="1.0"encoding="UTF-8"?><a/>', /Malformed XML declaration/],
  ['<?xml version="1.0" standalone="yes" encoding="UTF-8"?><a/>', /Malformed XML declaration/],
  ['<?xml version="1.0" standalone="maybe"?><a/>', /Malformed XML declaration/],
  ['<?xml version="1.0" version="1.0"?><a/>', /Malformed XML declaration/],
  ['<?xml version="1.0" encoding=""?><a/>', /Malformed XML declaration/],
  ['<?xml ?><a/>', /Malformed XML declaration/],
  ['<?xml version="1.0" other="1"?><a/>', /Malformed XML declaration/],
  ['<', /without an end/],
  ['<a', /without an end/],
  ['<a ', /without an end/],
  ['<a/', /'\/' in a start tag/],
  ['<a/ >', /'\/' in a start tag/],
  ['<a b', /No '='/],
  ['<a b=', /without quotes/],
  ['<a b="', /without an end/],
  ['<a b="x', /without an end/],
  ['<a>', /without an end/],
  ['<a><', /without an end/],
  ['<a></', /without an end/],
  ['<a></a', /without an end/],
  ['<a>x', /without an end/],
  ['<a><b></a></b>', /End tag of another/],
  ['<a></b>', /End tag of another/],
  ['<a></aa>', /End tag of another/],
  ['<aa></a>', /./],
  ['<a></ a>', /End tag of another/],
  ['<a></a b="c">', /End tag of another/],
  ['<p:a xmlns:p="u" xmlns:q="u"></q:a>', /End tag of another/],
  ['< a/>', /Malformed name/],
  ['<1/>', /Malformed name/],
  ['<-a/>', /Malformed name/],
  ['<.a/>', /Malformed name/],
  ['<a$/>', /No white space/],
  ['<\u00b7/>', /Malformed name/],
  ['<a\u00d7/>', /Malformed name/],
  ['<\u0300a/>', /Malformed name/],
  ['<a\u{f0000}/>', /Malformed name/],
  ['<:a/>', /Malformed name/],
  ['<a:/>', /Malformed name/],
  ['<a:b:c xmlns:a="u"/>', /Malformed name/],
  ['<a:1 xmlns:a="u"/>', /Malformed name/],
  ['<a:b/>', /Prefix without a namespace/],
  ['<a b:c=""/>', /Prefix without a namespace/],
  ['<a><b xmlns:p="u"/><p:c/></a>', /Prefix without a namespace/],
  ['<a xmlns:p=""/>', /Prefix without a namespace/],
  ['<a xmlns:p="u"><b xmlns:p=""/></a>', /Prefix without a namespace/],
  ['<a xmlns:xmlns="u"/>', /prefix 'xmlns'/],
  ['<xmlns:a/>', /Prefix without a namespace/],
  ['<a xmlns:xml="u"/>', /reserved/],
  ['<a xmlns:p="http://www.w3.org/XML/1998/namespace"/>', /reserved/],
  ['<a xmlns="http://www.w3.org/XML/1998/namespace"/>', /reserved/],
  ['<a xmlns:p="http://www.w3.org/2000/xmlns/"/>', /reserved/],
  ['<a xmlns="http://www.w3.org/2000/&#x78;mlns/"/>', /reserved/],
  ['<a b="1" b="2"/>', /Duplicate attribute/],
  ['<a b="1" c="" b="2"/>', /Duplicate attribute/],
  ['<a xmlns:p="u" xmlns:q="u" p:b="" q:b=""/>', /Duplicate attribute/],
  ['<a p:b="" q:b="" xmlns:p="u" xmlns:q="&#117;"/>', /Duplicate attribute/],
  ['<a xmlns="u" xmlns="v"/>', /Duplicate namespace/],
  ['<a xmlns:p="u" xmlns:p="u"/>', /Duplicate namespace/],
  ['<a b="1"c="2"/>', /No white space/],
  ['<a"/>', /No white space/],
  ['<a b=1/>', /without quotes/],
  ['<a b/>', /No '='/],
  ['<a =""/>', /Malformed name/],
  ['<a b="<"/>', /'<' in an attribute/],
  ['<a b="&"/>', /Reference without an end/],
  ['<a b="&lt"/>', /Reference without an end/],
  ['<a>&</a>', /Reference without an end/],
  ['<a>&amp</a>', /Reference without an end/],
  ['<a>& amp;</a>', /not predefined/],
  ['<a>&;</a>', /not predefined/],
  ['<a>&nbsp;</a>', /not predefined/],
  ['<a>&AMP;</a>', /not predefined/],
  ['<a>&ampx;</a>', /not predefined/],
  ['<a>&aposx;</a>', /not predefined/],
  ['<a b="&foo;"/>', /not predefined/],
  ['<a>&#;</a>', /Malformed character reference/],
  ['<a>&#x;</a>', /Malformed character reference/],
  ['<a>&#X41;</a>', /Malformed character reference/],
  ['<a>&#4a;</a>', /Malformed character reference/],
  ['<a>&#xg;</a>', /Malformed character reference/],
  ['<a>&#-1;</a>', /Malformed character reference/],
  ['<a>&#0;</a>', /illegal character/],
  ['<a>&#8;</a>', /illegal character/],
  ['<a>&#x1F;</a>', /illegal character/],
  ['<a>&#xD800;</a>', /illegal character/],
  ['<a>&#xDFFF;</a>', /illegal character/],
  ['<a>&#xFFFE;</a>', /illegal character/],
  ['<a>&#xFFFF;</a>', /illegal character/],
  ['<a>&#x110000;</a>', /illegal character/],
  ['<a>&#99999999999;</a>', /illegal character/],
  ['<a b="&#0;"/>', /illegal character/],
  [`<a>&#${'0'.repeat(30)}65;</a>`, /Reference without an end/],
  ['<a>]]></a>', /'\]\]>' in text/],
  ['<a>&lt;]]></a>', /'\]\]>' in text/],
  ['<a>xxxx]]></a>', /'\]\]>' in text/],
  ['<a>\u0000</a>', /Illegal character/],
  ['<a>xxxxxxx\u0001</a>', /Illegal character/],
  ['<a>\u001f</a>', /Illegal character/],
  ['<a b="\u0000"/>', /Illegal character/],
  ['<a b="x\u001fx"/>', /Illegal character/],
  ['<a><!--\u0000--></a>', /Illegal character/],
  ['<a><![CDATA[\u0002]]></a>', /Illegal character/],
  ['<a><?x \u0003?></a>', /Illegal character/],
  ['<a>\ufffe</a>', /Illegal character/],
  ['<a>\uffff</a>', /Illegal character/],
  ['<a b="\uffff"/>', /Illegal character/],
  ['<!--\uffff--><a/>', /Illegal character/],
  ['<a\u0000/>', /No white space/],
  ['<a><!-- -- --></a>', /'--' in a comment/],
  ['<a><!-- x ---></a>', /'--' in a comment/],
  ['<a><!--', /Comment without an end/],
  ['<a><!-- -', /Comment without an end/],
  ['<a><!--></a>', /Comment without an end/],
  ['<a><!-x--></a>', /Unknown markup/],
  ['<a><!></a>', /Unknown markup/],
  ['<a><![CDATA[x]]</a>', /CDATA section without an end/],
  ['<a><![cdata[x]]></a>', /Unknown markup/],
  ['<a><!ENTITY x "y"></a>', /Unknown markup/],
  ['\ufeff\ufeff<a/>', /Text outside/],
  ['<a/>\u0000', /Text outside/],
];

test('accepts what is well-formed', () => {
  for (const document of ACCEPTED) {
    const index = scan(Buffer.from(document));
    assert.equal(index.start(0) >= 0, true, document);
  }
});

test('refuses what is not well-formed, with the reason', () => {
  for (const [document, problem] of REFUSED) {
    assert.throws(
      () => scan(Buffer.from(document)),
      (error) => error instanceof NotWellFormedError && problem.test(error.message),
      JSON.stringify(document),
    );
  }
});

test('every proper beginning of a document is refused', () => {
  const document = Buffer.from(
    '<?xml version="1.0"?><!--c--><?p i?><p:a xmlns:p="u" b=\'é&amp;\'>t&#10;<![CDATA[d]]><!--c--><?p i?><b/></p:a>',
  );
  scan(document);
  for (let end = 0; end < document.length; end++) {
    assert.throws(() => scan(document.subarray(0, end)), XmlError, `${end} bytes`);
  }
});

test('refuses a document type declaration', () => {
  for (const document of ['<!DOCTYPE a><a/>', '<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>']) {
    assert.throws(() => scan(Buffer.from(document)), DoctypeRefusedError);
  }
  assert.throws(() => scan(Buffer.from('<a><!DOCTYPE a></a>')), DoctypeRefusedError);
});

test('refuses other versions than 1.0', () => {
  for (const version of ['1.1', '1.2', '2.0', '']) {
    assert.throws(() => scan(Buffer.from(`<?xml version="${version}"?><a/>`)), XmlVersionError);
  }
});

test('refuses other encodings by name, by mark and by pattern', () => {
  for (const encoding of ['ISO-8859-1', 'UTF-16', 'utf-7', 'windows-1252', 'utf8']) {
    assert.throws(() => scan(Buffer.from(`<?xml version="1.0" encoding="${encoding}"?><a/>`)), EncodingError);
  }
  const utf16 = Buffer.from('<a/>', 'utf16le');
  const utf16be = Buffer.from(utf16).swap16();
  const utf32be = Buffer.from([0, 0, 0, 0x3c, 0, 0, 0, 0x61, 0, 0, 0, 0x2f, 0, 0, 0, 0x3e]);
  const utf32le = Buffer.from(utf32be).swap32();
  const refused = [
    [Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]), /UTF-16/],
    [Buffer.concat([Buffer.from([0xfe, 0xff]), utf16be]), /UTF-16/],
    [utf16, /UTF-16/],
    [utf16be, /UTF-16/],
    [utf32be, /UTF-32/],
    [utf32le, /UTF-32/],
    [Buffer.concat([Buffer.from([0, 0, 0xfe, 0xff]), utf32be]), /UTF-32/],
    [Buffer.concat([Buffer.from([0xff, 0xfe, 0, 0]), utf32le]), /UTF-32/],
    [Buffer.from([0x4c, 0x6f, 0xa7, 0x94]), /EBCDIC/],
  ] as const;
  for (const [bytes, problem] of refused) {
    assert.throws(
      () => scan(bytes),
      (error) => error instanceof EncodingError && problem.test(error.message),
      bytes.toString('hex'),
    );
  }
});

test('refuses bytes that are not UTF-8', () => {
  const sequences = [
    [0x80],
    [0xc3],
    [0xc0, 0xaf],
    [0xe2, 0x82],
    [0xed, 0xa0, 0x80],
    [0xed, 0xbf, 0xbf],
    [0xf5, 0x80, 0x80, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xff],
  ];
  for (const sequence of sequences) {
    const bytes = Buffer.concat([Buffer.from('<a>'), Buffer.from(sequence), Buffer.from('</a>')]);
    assert.throws(() => scan(bytes), EncodingError, bytes.toString('hex'));
  }
});

test('each limit holds exactly', () => {
  const namespaces = new Map([['p', 'urn:p']]);
  const within: readonly (readonly [keyof XmlLimits, number, string])[] = [
    ['maxBytes', 4, '<a/>'],
    ['maxDepth', 3, '<a><b><c></c></b></a>'],
    ['maxDepth', 2, '<a><b/><b/></a>'],
    ['maxElements', 3, '<a><b/><b/></a>'],
    // Names that come again take another path than those that are new.
    ['maxDepth', 5, '<a><a><a><a><a></a></a></a></a></a>'],
    ['maxElements', 5, '<a><b></b><b></b><b></b><b></b></a>'],
    ['maxAttributes', 3, '<a><x b="" c=""/><e a="" b="" c=""/></a>'],
    ['maxTextLength', 5, '<a b="1"><a b="12345"/></a>'],
    ['maxAttributes', 2, '<a xmlns="u" b="" c=""/>'],
    ['maxNamespaces', 2, '<a xmlns="u" xmlns:p="v" b=""/>'],
    ['maxTotalAttributes', 4, '<a b="" c=""><b xmlns="u" d=""/></a>'],
    ['maxTotalAttributes', 4, '<a b="" c=""><a b="" c=""/></a>'],
    ['maxNameLength', 9, '<a xmlns:pre="u"/>'],
    ['maxNameLength', 5, '<p:abc/>'],
    ['maxNameLength', 5, '<a abcde=""/>'],
    ['maxNameLength', 5, '<a><?abcde?></a>'],
    ['maxTextLength', 5, '<a>12345</a>'],
    ['maxTextLength', 5, '<a>&amp;</a>'],
    ['maxTextLength', 5, '<a><!--12345--></a>'],
    ['maxTextLength', 5, '<a><![CDATA[12345]]></a>'],
    ['maxTextLength', 5, '<a><?p 1234?></a>'],
    ['maxTextLength', 5, '<a b="12345"/>'],
    ['maxTextLength', 5, '<a b="&amp;"/>'],
  ];
  for (const [limit, value, document] of within) {
    const limits = { ...DEFAULT_LIMITS, [limit]: value };
    scan(Buffer.from(document), { limits, namespaces });
    assert.throws(
      () => scan(Buffer.from(document), { limits: { ...limits, [limit]: value - 1 }, namespaces }),
      XmlLimitError,
      `${limit} ${document}`,
    );
  }
});

test('long text is looked at as closely as short text', () => {
  const special: readonly (readonly [text: string, decoded: string | RegExp, canonical: string])[] = [
    ['&lt;', '<', '&lt;'],
    ['&#65;', 'A', 'A'],
    ['>', '>', '&gt;'],
    ['\r\n', '\n', '\n'],
    ['\r', '\n', '\n'],
    ['\n', '\n', '\n'],
    ['\t', '\t', '\t'],
    ['é', 'é', 'é'],
    [']]>', /'\]\]>' in text/, ''],
    ['&x;', /not predefined/, ''],
    ['\u0001', /Illegal character/, ''],
    ['\u001f', /Illegal character/, ''],
  ];
  for (const [text, decoded, canonical] of special) {
    for (const before of [0, 3, 200, 255, 256, 257, 258, 259, 270, 300, 301]) {
      for (const after of [0, 1, 15, 16, 17, 400]) {
        const [x, y] = ['x'.repeat(before), 'y'.repeat(after)];
        const document = Buffer.from(`<a>${x}${text}${y}</a>`);
        if (decoded instanceof RegExp) assert.throws(() => scan(document), decoded);
        else {
          const index = scan(document);
          assert.equal(index.text(0), x + decoded + y);
          const form = canonicalize(index, 0, { mode: 'exclusive', comments: false }).toString();
          assert.equal(form, `<a>${x}${canonical}${y}</a>`);
        }
      }
    }
  }
  assert.throws(() => scan(Buffer.from(`<a>${'x'.repeat(1000)}`)), /without an end/);
});

test('a fragment takes its context', () => {
  const namespaces = new Map([
    ['', 'urn:default'],
    ['p', 'urn:p'],
    ['xml', 'http://www.w3.org/XML/1998/namespace'],
  ]);
  const index = scan(Buffer.from('<p:a><b xml:lang="en"/></p:a>'), { namespaces });
  assert.equal(index.namespaceUri(0), 'urn:p');
  assert.equal(index.namespaceUri(1), 'urn:default');
  assert.throws(() => scan(Buffer.from('<q:a/>'), { namespaces }), NotWellFormedError);
  assert.throws(() => scan(Buffer.from('<a/>'), { namespaces: new Map([['xmlns', 'u']]) }), NotWellFormedError);
  assert.throws(() => scan(Buffer.from('<a/>'), { namespaces: new Map([['p', '']]) }), NotWellFormedError);
});

test('a refused document leaves nothing behind', () => {
  const good = Buffer.from('<p:a xmlns:p="u" b="1"><c/></p:a>');
  assert.throws(() => scan(Buffer.from('<q:z xmlns:q="v" y="2"><w>&bad;</w></q:z>')), NotWellFormedError);
  const first = scan(good);
  const second = scan(Buffer.from('<d><e f="3"/></d>'));
  assert.deepEqual([first.localName(0), first.attribute(0, '', 'b'), first.elementCount], ['a', '1', 2]);
  assert.deepEqual([second.localName(1), second.attribute(1, '', 'f'), second.namespaceUri(0)], ['e', '3', '']);
});
