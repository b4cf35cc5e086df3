/**
 * Ways to bring SOAP past a policy that says `unmatched: Refuse` and does not concern it: by what the headers say, by how
 * the body is encoded, by what stands before its root. And what is no SOAP, and passes.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import fc from 'fast-check';
import { UnmatchedSoapError } from '../../extproc/pipeline/errors.ts';
import { refuseSoap } from '../../extproc/pipeline/guard.ts';

const SOAP11 = 'http://schemas.xmlsoap.org/soap/envelope/';
const SOAP12 = 'http://www.w3.org/2003/05/soap-envelope';
const soap11 = `<s:Envelope xmlns:s="${SOAP11}"><s:Body/></s:Envelope>`;
const soap12 = `<Envelope xmlns="${SOAP12}"><Body/></Envelope>`;
const big = 'x'.repeat(3_000_000);

type Headers = Readonly<Record<string, string | string[]>>;
const JSON_TYPE: Headers = { 'content-type': 'application/json' };
const XML_TYPE: Headers = { 'content-type': 'text/xml; charset=utf-8' };

function passes(body: string | Buffer, headers: Headers = {}): boolean {
  try {
    refuseSoap(new Map(Object.entries(headers).map(([name, value]) => [name, [value].flat()])), Buffer.from(body));
    return true;
  } catch (error) {
    assert.ok(error instanceof UnmatchedSoapError, String(error));
    return false;
  }
}

function utf32(text: string, littleEndian: boolean): Buffer {
  const bytes = Buffer.alloc(4 * text.length);
  for (let i = 0; i < text.length; i++) {
    if (littleEndian) bytes.writeUInt32LE(text.charCodeAt(i), 4 * i);
    else bytes.writeUInt32BE(text.charCodeAt(i), 4 * i);
  }
  return bytes;
}

const utf16le = (text: string): Buffer => Buffer.from(text, 'utf16le');
const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();
const mime = (parts: string, parameters = ''): [string, Headers] => [
  parts.replaceAll('\n', '\r\n'),
  { 'content-type': `multipart/related; boundary=b${parameters}` },
];

const refused: [string, string | Buffer, Headers?][] = [
  ['SOAP 1.1', soap11, XML_TYPE],
  ['SOAP 1.2', soap12, { 'content-type': 'application/soap+xml' }],
  ['SOAP as JSON', soap11, JSON_TYPE],
  ['SOAP without a type', soap11],
  ['SOAP as an upload', soap12, { 'content-type': 'application/octet-stream' }],
  ['single quotes and other white space', `<s:Envelope\n xmlns:s\t=\r '${SOAP11}'\n/>`, JSON_TYPE],
  ['the namespace among other attributes', `<e:Envelope a="&lt;" xmlns:s=">" xmlns:e="${SOAP12}" b=''>`, JSON_TYPE],
  ['the namespace in character references', soap11.replace('envelope/', 'envelope&#47;'), JSON_TYPE],
  ['white space first', `\r\n\t ${soap11}`, JSON_TYPE],
  ['megabytes of white space first', ' '.repeat(3_000_000) + soap11, JSON_TYPE],
  ['a comment first', `<!-- <html> -->${soap11}`, JSON_TYPE],
  ['a megabyte of comment first', `<!--${big}-->${soap11}`, JSON_TYPE],
  ['many comments and processing instructions', '<!--a--><?b c?>\n'.repeat(10_000) + soap11, JSON_TYPE],
  ['a declaration and a style sheet first', `<?xml version="1.0"?><?xml-stylesheet href="a"?>${soap11}`, JSON_TYPE],
  ['a byte order mark', `\ufeff${soap11}`, JSON_TYPE],
  ['a document type', `<!DOCTYPE s:Envelope SYSTEM "http://h/x>">${soap11}`, JSON_TYPE],
  ['a namespace by document type', `<!DOCTYPE Envelope SYSTEM "http://h/x"><Envelope/>`, JSON_TYPE],
  ['an end of the document type that is none', `<!DOCTYPE a [<?x '?>]>${soap11}<!--']><html>-->`, JSON_TYPE],
  ['a comment that does not end', '<!-- ', JSON_TYPE],
  ['UTF-16 with a mark', utf16le(`\ufeff${soap11}`), JSON_TYPE],
  ['UTF-16, big endian, with a mark', utf16be(`\ufeff${soap11}`), JSON_TYPE],
  ['UTF-16 without a mark', utf16le(`<?xml version="1.0" encoding="UTF-16"?>${soap11}`), JSON_TYPE],
  ['UTF-16, big endian, white space first', utf16be(`\n\n${soap11}`), JSON_TYPE],
  ['UTF-16 with more white space than is looked at', utf16le(' '.repeat(100_000) + soap11), JSON_TYPE],
  ['UTF-32', utf32(soap11, true), JSON_TYPE],
  ['UTF-32, big endian, with a mark', utf32(`\ufeff${soap11}`, false), JSON_TYPE],
  ['EBCDIC by declaration', Buffer.from('4c6fa79493', 'hex'), JSON_TYPE],
  ['EBCDIC by charset', Buffer.from('4ca27a', 'hex'), { 'content-type': 'application/json; charset=IBM037' }],
  ['UTF-7 by charset', '+ADw-s:Envelope', { 'content-type': 'text/plain; charset="utf-7"' }],
  ['UTF-7 by declaration', '<?xml version="1.0" encoding="UTF-7"?><+AEU-nvelope/>', JSON_TYPE],
  ['a second charset', soap11, { 'content-type': 'text/plain; charset=utf-8; charset=cp1047' }],
  ['a state in front', Buffer.from(`\x1b(B${soap11}`), { 'content-type': 'text/plain; charset=iso-2022-jp' }],
  ['the white space of XML 1.1', `<?xml version="1.1"?>\u0085\u2028${soap11}`, JSON_TYPE],
  ['gzip', zlib.gzipSync(soap11), { ...JSON_TYPE, 'content-encoding': 'gzip' }],
  ['gzip twice', zlib.gzipSync(zlib.gzipSync(soap11)), { 'content-encoding': 'gzip, x-gzip' }],
  ['gzip in two headers', zlib.gzipSync(zlib.deflateSync(soap11)), { 'content-encoding': ['deflate', 'gzip'] }],
  [
    'gzip in members, the first empty',
    Buffer.concat([zlib.gzipSync(''), zlib.gzipSync(soap11)]),
    { 'content-encoding': 'gzip' },
  ],
  ['deflate', zlib.deflateSync(soap11), { 'content-encoding': 'deflate' }],
  ['bare deflate', zlib.deflateRawSync(soap11), { 'content-encoding': 'deflate' }],
  ['brotli', zlib.brotliCompressSync(soap11), { 'content-encoding': 'br' }],
  [
    'what hardly shrinks, under SOAPAction',
    zlib.gzipSync(JSON.stringify(noise(50_000))),
    { soapaction: '', 'content-encoding': 'gzip' },
  ],
  ['much behind a little gzip', zlib.gzipSync(soap11 + big), { 'content-encoding': 'gzip' }],
  [
    'more white space in brotli than is looked at',
    zlib.brotliCompressSync(`${' '.repeat(2e7)}${soap11}`),
    { 'content-encoding': 'br' },
  ],
  ['gzip with random comment first', zlib.gzipSync(`<!--${noise(20_000)}-->${soap11}`), { 'content-encoding': 'gzip' }],
  ['a coding that is not there', soap11, { ...JSON_TYPE, 'content-encoding': 'gzip' }],
  ['a coding that nobody knows', '{}', { ...JSON_TYPE, 'content-encoding': 'zstd' }],
  ['garbage under a coding', '{}', { ...JSON_TYPE, 'content-encoding': 'br' }],
  ['what cannot be read, with a SOAPAction', '{}', { ...JSON_TYPE, soapaction: '""' }],
  ['what cannot be read, as XML', 'hello', XML_TYPE],
  ['what cannot be read, as a kind of XML', 'hello', { 'content-type': 'application/vnd.x+xml ;a=b' }],
  ['one of two types is XML', 'hello', { 'content-type': ['text/plain', 'Text/XML'] }],
  ['two types in one header', 'hello', { 'content-type': 'text/plain, application/soap+xml' }],
  ['Fast Infoset', Buffer.from('e0000001', 'hex'), { 'content-type': 'application/fastinfoset' }],
  ['.NET binary', Buffer.from('560e', 'hex'), { 'content-type': 'application/soap+msbin1' }],
  ['white space only, as XML', '  ', XML_TYPE],
  ['MTOM', ...mime(`--b\nContent-Type: application/xop+xml\n\n${soap12}\n--b--`, '; type="application/xop+xml"')],
  ['attachments without a type', ...mime(`--b\nContent-Type: text/plain\n\n${soap11}\n--b--`)],
  ['attachments, envelope last', ...mime(`preamble\n--b\n\n{}\n--b\nA: b\n\n${soap11}\n--b--`)],
  ['attachments, part without a header', ...mime(`--b\n\n${soap11}`)],
  [
    'attachments in base64',
    ...mime(`--b\nContent-Transfer-Encoding: BASE64\n\n${Buffer.from(soap11).toString('base64')}\n--b--`),
  ],
  [
    'attachments, folded header',
    ...mime(`--b\nContent-Transfer-Encoding:\n base64\n\n${Buffer.from(soap11).toString('base64')}\n--b--`),
  ],
  ['attachments, quoted-printable', ...mime('--b\nContent-Transfer-Encoding: quoted-printable\n\n=3Cs:Envelope')],
  ['attachments, XML that cannot be read', ...mime('--b\nContent-Type: text/xml\n\nhello\n--b--')],
  ['attachments that end early', ...mime('')],
  ['attachments without a boundary', '--b', { 'content-type': 'multipart/related' }],
  ['attachments with two boundaries', ...mime(`--c\n\n${soap11}`, '; boundary=c')],
  ['attachments with a boundary in pieces', ...mime(`--c\n\n${soap11}`, '; boundary*0=c')],
  [
    'attachments under a coding',
    zlib.gzipSync('--b'),
    { 'content-type': 'multipart/mixed; boundary=b', 'content-encoding': 'gzip' },
  ],
  ['a thousand parts', ...mime(`--b\n\n{}\n`.repeat(1001))],
];

const passing: [string, string | Buffer, Headers?][] = [
  ['JSON', '{"Envelope":1}', JSON_TYPE],
  ['JSON that quotes SOAP', JSON.stringify({ message: soap11 }), JSON_TYPE],
  [
    'a form',
    `message=${encodeURIComponent(soap11)}`,
    { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' },
  ],
  ['an upload in a form', `--b\r\n\r\n${soap11}\r\n--b--`, { 'content-type': 'multipart/form-data; boundary=b' }],
  [
    'JSON with media',
    ...mime(
      '--b\nContent-Type: application/json\n\n{}\n--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--b--',
    ),
  ],
  ['a large upload', Buffer.alloc(30_000_000, 0xd8), { 'content-type': 'image/jpeg' }],
  ['MP4, whose first byte is a zero', Buffer.from('000000206674797069736f6d', 'hex'), { 'content-type': 'video/mp4' }],
  ['WebAssembly', Buffer.from('0061736d01000000', 'hex'), { 'content-type': 'application/wasm' }],
  [
    'a zip',
    Buffer.from('504b0304', 'hex'),
    { 'content-type': 'application/vnd.openxmlformats-officedocument.wordprocessingml.document' },
  ],
  ['gzip of JSON', zlib.gzipSync('{}'), { ...JSON_TYPE, 'content-encoding': 'gzip' }],
  ['gzip of much', zlib.gzipSync(JSON.stringify(big)), { ...JSON_TYPE, 'content-encoding': 'gzip' }],
  [
    'gzip of JSON that hardly shrinks',
    zlib.gzipSync(JSON.stringify(noise(50_000))),
    { ...JSON_TYPE, 'content-encoding': 'gzip' },
  ],
  ['brotli of JSON', zlib.brotliCompressSync('{}'), { ...JSON_TYPE, 'content-encoding': 'br' }],
  ['deflate of JSON', zlib.deflateSync('{"a":1}'), { ...JSON_TYPE, 'content-encoding': 'deflate' }],
  ['other XML', '<?xml version="1.0" encoding="ISO-8859-1"?><order/>', XML_TYPE],
  ['XML that is larger than our limits', `<a>${'<b/>'.repeat(300_000)}</a>`, XML_TYPE],
  ['HTML', '<!DOCTYPE html><html><body>', { 'content-type': 'text/html' }],
  [
    'HTML by its full name',
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://h/">\n<html>',
    { 'content-type': 'application/xhtml+xml' },
  ],
  ['another Envelope', '<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"/>', XML_TYPE],
  ['an Envelope of none', '<Envelope/>', JSON_TYPE],
  ['an Envelope that is not the root', `<a>${soap11}</a>`, XML_TYPE],
  ['another root of the namespace', `<Body xmlns="${SOAP11}"/>`, XML_TYPE],
  ['text', 'a < b', { 'content-type': 'text/plain; charset=windows-1252' }],
  ['a conflict of merging', '<<<<<<< HEAD', { 'content-type': 'text/plain' }],
  ['white space', ' \n', { 'content-type': 'text/plain' }],
];

function noise(length: number): string {
  let state = 1;
  return Array.from({ length }, () => String.fromCharCode(97 + ((state = (state * 48271) % 2147483647) % 26))).join('');
}

for (const [name, body, headers] of refused) {
  test(`refused where no policy concerns it: ${name}`, () => assert.equal(passes(body, headers), false));
}
for (const [name, body, headers] of passing) {
  test(`passes where no policy concerns it: ${name}`, () => assert.equal(passes(body, headers), true));
}

test('nothing that may stand before the root, in no encoding, hides an Envelope', () => {
  const space = fc.constantFrom(' ', '\n', '\t', '\r\n');
  const comment = fc.stringMatching(/^[<>a-z'"[\]?! ]{0,20}$/).map((text) => `<!--${text}-->`);
  const instruction = fc.stringMatching(/^[<>a-z'"[\]! ]{0,20}$/).map((text) => `<?p ${text}?>`);
  const prolog = fc.array(fc.oneof(space, comment, instruction), { maxLength: 8 }).map((items) => items.join(''));
  const encode = fc.constantFrom<(text: string) => Buffer>(
    (text) => Buffer.from(text),
    (text) => Buffer.from(`\ufeff${text}`),
    utf16le,
    utf16be,
    (text) => utf32(text, true),
    (text) => utf32(`\ufeff${text}`, false),
  );
  fc.assert(
    fc.property(prolog, encode, fc.constantFrom(soap11, soap12), (before, encoded, soap) => {
      assert.equal(passes(encoded(before + soap), JSON_TYPE), false);
    }),
    { numRuns: 2000 },
  );
});

test('any bytes under any headers have a verdict', () => {
  const header = fc.constantFrom(
    'text/xml',
    'multipart/related; boundary=b',
    'a/b; charset=utf-16',
    ',;"',
    'multipart/',
  );
  const coding = fc.constantFrom('', 'gzip', 'br, deflate', 'identity');
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom('<', '<?xml ', '<!--', '<!DOCTYPE ', '--b', '\r\n', 'Content-Type: text/xml', '\0', SOAP11)
      .map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), header, coding, (pieces, type, encoding) => {
      passes(Buffer.concat(pieces), { 'content-type': type, 'content-encoding': encoding });
    }),
    { numRuns: 5000 },
  );
});
