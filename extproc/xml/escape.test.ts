import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalize } from './c14n.ts';
import { escapeAttribute, escapeText } from './escape.ts';
import { scan } from './scan.ts';

test('escapes what Canonical XML escapes', () => {
  assert.equal(escapeText('a&b<c>d"e\'f\tg\nh\ri'), 'a&amp;b&lt;c&gt;d"e\'f\tg\nh&#xD;i');
  assert.equal(escapeAttribute('a&b<c>d"e\'f\tg\nh\ri'), "a&amp;b&lt;c>d&quot;e'f&#x9;g&#xA;h&#xD;i");
});

test('what is escaped is canonical and reads back as it was', () => {
  const legal = fc
    .string({ unit: 'binary', maxLength: 30 })
    .filter((text) => !/[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(text));
  fc.assert(
    fc.property(legal, legal, (text, value) => {
      const document = Buffer.from(`<a b="${escapeAttribute(value)}">${escapeText(text)}</a>`);
      const index = scan(document);
      assert.equal(index.text(0), text);
      assert.equal(index.attribute(0, '', 'b'), value);
      assert.deepEqual(canonicalize(index, 0, { mode: 'exclusive', comments: false }), document);
    }),
  );
});
