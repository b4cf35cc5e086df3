import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readMultipart } from '../pipeline/multipart.ts';
import { cidOf, keyOfCid } from './content-id.ts';
import { MediaTypeError, MimeError, MultipartLimitError, MultipartSyntaxError } from './errors.ts';
import { parseMediaType, writeMediaType } from './media-type.ts';
import { parseRelated, writeRelated } from './multipart.ts';
import { parseRelatedType } from './related.ts';

const TYPE = 'multipart/related; boundary=b; type="text/xml"; start="<root>"';
const related = parseRelatedType(TYPE);
const ROOT = 'Content-Type: text/xml\r\nContent-ID: <root>\r\n\r\n<a/>';

function message(...parts: string[]): Buffer {
  return Buffer.from([...parts.map((part) => `--b\r\n${part}\r\n`), '--b--\r\n'].join(''), 'latin1');
}

function parse(body: Buffer | string, type = related, max = 10) {
  return parseRelated(typeof body === 'string' ? Buffer.from(body, 'latin1') : body, type, max);
}

test('a message is taken apart without copying it', () => {
  const body = message(
    ROOT,
    'Content-ID: <x@y>\r\nContent-Type: image/png;\r\n\tname="p"\r\n\r\n\x00\xff\r\n--',
    '\r\nbare',
  );
  const { root, attachments, rootType } = parse(body);
  assert.equal(root.content().toString(), '<a/>');
  assert.equal(rootType.essence, 'text/xml');
  assert.deepEqual(
    attachments.map(({ contentId }) => contentId),
    ['x@y', undefined],
  );
  assert.equal(attachments[0].header('content-type'), 'image/png; name="p"');
  assert.equal(attachments[0].content().toString('latin1'), '\x00\xff\r\n--');
  assert.equal(attachments[0].content().buffer, body.buffer);
  assert.equal(attachments[1].content().toString(), 'bare');
});

test('what readers would take apart in different ways is refused', () => {
  const refused: Record<string, string | Buffer> = {
    preamble: `text\r\n${message(ROOT).toString('latin1')}`,
    epilogue: `${message(ROOT).toString('latin1')}text`,
    'a part in the epilogue': `${message(ROOT).toString('latin1')}--b\r\n\r\nx\r\n--b--\r\n`,
    'no closing boundary': `--b\r\n${ROOT}\r\n`,
    'line feeds alone': message(ROOT).toString('latin1').replaceAll('\r\n', '\n'),
    'a boundary within a line': message(ROOT, '\r\ntext--b\r\n\r\nhidden'),
    'a boundary after a line feed alone': message(ROOT, '\r\ntext\n--b\r\n\r\nhidden'),
    'a longer boundary': message(ROOT, '\r\n--bb\r\n\r\nhidden\r\n--bb--'),
    'white space after the boundary': `--b \r\n${ROOT}\r\n--b--\r\n`,
    'the same Content-ID twice': message(ROOT, 'Content-ID: <x>\r\n\r\n1', 'Content-ID: <x>\r\n\r\n2'),
    'the same Content-ID, encoded': message(ROOT, 'Content-ID: <a%40b>\r\n\r\n1', 'Content-ID: <a@b>\r\n\r\n2'),
    'the same Content-ID, encoded as a form': message(
      ROOT,
      'Content-ID: <a%20b>\r\n\r\n1',
      'Content-ID: <a+b>\r\n\r\n2',
    ),
    'the Content-ID of the root': message(ROOT, 'Content-ID: <root>\r\n\r\n1'),
    'two Content-IDs': message(ROOT, 'Content-ID: <x>\r\nContent-Id: <y>\r\n\r\n1'),
    'a Content-ID without brackets': message(ROOT, 'Content-ID: x\r\n\r\n1'),
    'a Content-ID with a header in it': message(ROOT, 'Content-ID: <x>\nX-Y: z\r\n\r\n1'),
    'a line that is no header': message(ROOT, 'no header\r\n\r\n1'),
    'a space before the colon': message(ROOT, 'Content-ID : <x>\r\n\r\n1'),
    'a folded first line': message(ROOT, ' Content-ID: <x>\r\n\r\n1'),
    'a fold of white space alone': message(ROOT, 'X: y\r\n \r\n\r\n1'),
    'a header that does not end': message(ROOT, 'X: y'),
    'another root than the first part': message('Content-Type: text/xml\r\nContent-ID: <other>\r\n\r\n<b/>', ROOT),
    'an encoded root': message(`Content-Transfer-Encoding: base64\r\n${ROOT}`),
    'no part': '--b--\r\n',
  };
  for (const [what, body] of Object.entries(refused)) assert.throws(() => parse(body), MultipartSyntaxError, what);
});

test('the root is what the Content-Type says', () => {
  assert.throws(() => parse(message('Content-ID: <root>\r\nContent-Type: text/html\r\n\r\nx')), MediaTypeError);
  assert.throws(() => parse(message('Content-ID: <root>\r\n\r\nx')), MediaTypeError);
});

test('parts and their headers are bounded', () => {
  assert.equal(parse(message(ROOT, '\r\n1', '\r\n2'), related, 2).attachments.length, 2);
  assert.throws(() => parse(message(ROOT, '\r\n1', '\r\n2'), related, 1), MultipartLimitError);
  assert.throws(() => parse(message(ROOT, `X: ${'x'.repeat(20_000)}\r\n\r\n1`)), MultipartLimitError);
  const many = Array.from({ length: 51 }, (_, i) => `X-${i}: y\r\n`).join('');
  assert.throws(() => parse(message(ROOT, `${many}\r\n1`)), MultipartLimitError);
});

test('base64 is decoded where it is whole, and quoted-printable never', () => {
  const content = (encoding: string, text: string) =>
    parse(message(ROOT, `Content-Transfer-Encoding: ${encoding}\r\n\r\n${text}`))
      .attachments[0].content()
      .toString();
  assert.equal(content('Base64', 'aGFs\r\nbG8=\r\n'), 'hallo');
  assert.equal(content('8bit', 'x=3D'), 'x=3D');
  for (const bad of ['aGFsb', 'aGFs bG8=', 'aG=sbG8=', 'aGFsbG8===', '-_==']) {
    assert.throws(() => content('base64', bad), MultipartSyntaxError, bad);
  }
  assert.throws(() => content('quoted-printable', 'x=3D'), MultipartSyntaxError);
  assert.throws(() => content('x-uuencode', 'x'), MultipartSyntaxError);
});

test('a Content-Type that can be read in two ways is refused', () => {
  for (const value of [
    'multipart/mixed; boundary=b; type="text/xml"',
    'multipart/related; type="text/xml"',
    'multipart/related; boundary=b',
    'multipart/related; boundary=b; boundary=c; type="text/xml"',
    'multipart/related; boundary*=utf-8\'\'b; type="text/xml"',
    'multipart/related; boundary*0=b; boundary=c; type="text/xml"',
    'multipart/related; boundary="b "; type="text/xml"',
    'multipart/related; boundary="b\r\n"; type="text/xml"',
    `multipart/related; boundary=${'b'.repeat(71)}; type="text/xml"`,
    'multipart/related; boundary="b; type="text/xml"',
    'multipart/related (comment); boundary=b; type="text/xml"',
    'multipart/related; boundary=b; type="text/xml"; start=root',
    'multipart/related; boundary=b; type=""',
  ]) {
    assert.throws(() => parseRelatedType(value), MediaTypeError, value);
  }
  assert.equal(parseRelatedType('Multipart/Related;boundary="a b";type="Text/XML; charset=utf-8";').type, 'text/xml');
});

test('what was not changed comes out as it came, and the boundary changes only where it must', () => {
  const body = message(ROOT, 'Content-ID: <x>\r\ncontent-transfer-encoding:  8BIT\r\n\r\n1', '\r\n2');
  const { root, attachments } = parse(body);
  assert.deepEqual(writeRelated([root, ...attachments], related), { bytes: body });
  const [first, second] = attachments;
  const changed = writeRelated([root, first.withContent(first.headers, Buffer.from('new')), second], related);
  assert.equal(changed.contentType, undefined);
  assert.equal(
    changed.bytes.toString(),
    message(ROOT, 'Content-ID: <x>\r\nContent-Transfer-Encoding: binary\r\n\r\nnew', '\r\n2').toString(),
  );
  const hostile = Buffer.from('x\r\n--b\r\nContent-ID: <y>\r\n\r\nsmuggled\r\n--b--\r\n');
  const moved = writeRelated([root, first.withContent(first.headers, hostile), second], related);
  const again = parseRelated(moved.bytes, parseRelatedType(moved.contentType ?? ''), 10);
  assert.deepEqual(again.attachments[0].content(), hostile);
  assert.equal(again.attachments.length, 2);
  assert.match(
    moved.contentType ?? '',
    /^multipart\/related; boundary="waxseal-[0-9a-f-]+"; type="text\/xml"; start="<root>"$/,
  );
});

test('a Content-ID and the URL for it', () => {
  assert.equal(cidOf('a@b.example'), 'cid:a@b.example');
  assert.equal(cidOf('http://x/1?<"'), 'cid:http://x/1%3F%3C%22');
  fc.assert(
    fc.property(fc.stringMatching(/^[\x21-\x3b\x3d\x3f-\x7e]{1,30}$/), (id) => {
      assert.equal(keyOfCid(cidOf(id)), id.replaceAll('+', ' '));
    }),
  );
  assert.equal(keyOfCid('cid:'), undefined);
  for (const url of ['http://x/', 'file:///etc/passwd', 'data:,x', '#x', 'x', ' cid:x'])
    assert.equal(keyOfCid(url), undefined);
  assert.equal(keyOfCid('CID:a%40b'), 'a@b');
});

test('property: a media type is what it was when it is written and read again', () => {
  const text = fc.stringMatching(/^[\x20-\x7e]{0,20}$/);
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z-]{1,8}$/), text, { maxKeys: 4 }), (entries) => {
      const type = { essence: 'a/b', parameters: new Map(Object.entries(entries)) };
      assert.deepEqual(parseMediaType(writeMediaType(type)), type);
    }),
  );
});

/** Pieces that boundaries, headers and mistakes are made of. */
const piece = fc.constantFrom(
  ...['--b', '--b--', '\r\n', '\n', '\r', ' ', '--', 'b', 'x', ':', 'Content-ID: <x>', 'Content-ID: <y>', '<a/>'],
  ...['\r\n--b\r\n', '\r\n\r\n', 'Content-Type: text/xml', 'Content-Transfer-Encoding: base64', '\t', '\x00', '\xff'],
);

test('property: whatever is accepted, a reader for whom a boundary counts anywhere finds the same parts', () => {
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(fc.array(piece, { maxLength: 6 }), { maxLength: 4 }), piece, (parts, stray) => {
      const body = message(ROOT, ...parts.map((part) => part.join('')));
      const odd = Buffer.concat([body, Buffer.from(stray, 'latin1')]);
      for (const bytes of [body, odd]) {
        let strict;
        try {
          strict = parse(bytes);
        } catch (error) {
          assert.ok(error instanceof MimeError, String(error));
          continue;
        }
        accepted++;
        const lenient = readMultipart(TYPE, bytes)?.parts ?? [];
        // The last is what follows the closing boundary.
        const found = lenient.slice(0, -1).map((part) => part.bytes.toString('latin1'));
        const expected = [strict.root, ...strict.attachments].map(
          ({ body: content }) => `${content.toString('latin1')}\r\n`,
        );
        assert.deepEqual(found, expected);
        assert.deepEqual(
          writeRelated([strict.root, ...strict.attachments], related).bytes.subarray(0, body.length),
          body,
        );
      }
    }),
    { numRuns: 3000 },
  );
  assert.ok(accepted > 200, `only ${accepted} were accepted`);
});
