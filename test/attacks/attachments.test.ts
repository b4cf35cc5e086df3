/** Attacks by way of parts: references to elsewhere, to others, to too much, and parts that nobody vouches for. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MimeError } from '../../extproc/mime/errors.ts';
import {
  AttachmentsNotAllowedError,
  DigestMismatchError,
  InvalidStructureError,
  PartNotSignedError,
  ReferenceUnresolvedError,
  WssError,
  XopError,
} from '../../extproc/wss/errors.ts';
import {
  multipart,
  openMultipart,
  secureMultipart,
  VERIFY_DECRYPTION,
  verifyMultipart,
  XOP_TYPE,
  type TestPart,
} from '../support/attachments.ts';
import { encryptionSettings, order, signatureSettings, TIMESTAMP_SETTINGS } from '../support/securing.ts';

const XOP = 'http://www.w3.org/2004/08/xop/include';
const part = (id: string, content: string | Buffer): TestPart => ({
  header: ['Content-Type: application/octet-stream', `Content-ID: <${id}>`],
  content,
});
const include = (href: string) => `<xop:Include xmlns:xop="${XOP}" href="${href}"/>`;
const including = (content: string) => order().replace('<plain xmlns="">x</plain>', `<s:Data>${content}</s:Data>`);
const PARTS = [part('a@x', 'the first attachment'), part('b@x', 'the second attachment')];
const SIGNING = { timestamp: TIMESTAMP_SETTINGS, signature: signatureSettings() };
const ATTACHMENTS = { mode: 'Content', optional: false } as const;
const SIGNING_ALL = { timestamp: TIMESTAMP_SETTINGS, signature: signatureSettings({ attachments: ATTACHMENTS }) };

const replaced = (body: Buffer, from: string, to: string): Buffer => {
  const text = body.toString('latin1');
  assert.ok(text.includes(from), from);
  return Buffer.from(text.replace(from, to), 'latin1');
};
const withPart = (body: Buffer, added: string): Buffer =>
  replaced(body, '--the boundary--', `--the boundary\r\n${added}\r\n--the boundary--`);

test('an xop:Include leads nowhere but to an attachment of the message', () => {
  for (const href of [
    ...[
      'http://attacker.example/x',
      'https://attacker.example/x',
      'file:///etc/passwd',
      'data:text/plain,x',
      'jar:file:x!/y',
    ],
    ...[
      'cid:',
      'cid:nobody@x',
      'cid:root@x',
      '#a@x',
      'a@x',
      '',
      '//attacker.example/x',
      ' cid:a@x',
      'cid:a@x#y',
      'cid:%ZZ',
    ],
  ]) {
    assert.throws(() => openMultipart(multipart(including(include(href)), PARTS, XOP_TYPE), XOP_TYPE), XopError, href);
  }
});

test('an xop:Include is empty, alone, and says nothing else', () => {
  for (const content of [
    `${include('cid:a@x')}${include('cid:b@x')}`,
    `text${include('cid:a@x')}`,
    `${include('cid:a@x')}<!-- c -->`,
    `<xop:Include xmlns:xop="${XOP}" href="cid:a@x">text</xop:Include>`,
    `<xop:Include xmlns:xop="${XOP}" href="cid:a@x"><x/></xop:Include>`,
    `<xop:Include xmlns:xop="${XOP}"/>`,
    `<xop:Include xmlns:xop="${XOP}" href="cid:a@x" Id="x"/>`,
    `<xop:Include xmlns:xop="${XOP}" xop:href="cid:a@x"/>`,
  ]) {
    assert.throws(() => openMultipart(multipart(including(content), PARTS, XOP_TYPE), XOP_TYPE), XopError, content);
  }
});

test('many xop:Includes of one large part are refused before anything is digested', () => {
  const bomb = `<s:D>${include('cid:big@x')}</s:D>`.repeat(5000);
  const body = multipart(including(`<s:E>${bomb}</s:E>`), [part('big@x', Buffer.alloc(1_000_000))], XOP_TYPE);
  assert.throws(() => openMultipart(body, XOP_TYPE), XopError);
});

test('what a signed xop:Include stands for cannot be swapped', async () => {
  const secured = await secureMultipart(
    multipart(including(include('cid:a@x')), PARTS.slice(0, 1), XOP_TYPE),
    SIGNING,
    XOP_TYPE,
  );
  verifyMultipart(secured, {}, XOP_TYPE);
  assert.throws(() => verifyMultipart(replaced(secured, 'the first', 'the worst'), {}, XOP_TYPE), DigestMismatchError);
  const other = withPart(secured, 'Content-ID: <b@x>\r\n\r\nother');
  assert.throws(
    () => verifyMultipart(replaced(other, 'href="cid:a@x"', 'href="cid:b@x"'), {}, XOP_TYPE),
    DigestMismatchError,
  );
  assert.throws(() => verifyMultipart(other, {}, XOP_TYPE), PartNotSignedError);
  // Written out it is the same content.
  const base64 = Buffer.from('the first attachment').toString('base64');
  verifyMultipart(replaced(secured, include('cid:a@x'), base64), { attachments: 'Pass' }, XOP_TYPE);
});

test('a part does not become vouched for by being included where nothing is signed', async () => {
  const secured = await secureMultipart(multipart(order(), PARTS), SIGNING_ALL);
  const added = withPart(secured, 'Content-ID: <evil@x>\r\n\r\nevil');
  const included = replaced(added, '<s:Session', `<x>${include('cid:evil@x')}</x><s:Session`);
  assert.throws(() => verifyMultipart(included), PartNotSignedError);
});

test('a part that only our Security header includes goes with it', async () => {
  const secured = await secureMultipart(multipart(order(), PARTS), SIGNING_ALL);
  const added = withPart(secured, 'Content-ID: <evil@x>\r\n\r\nevil');
  const included = replaced(added, '</wsse:Security>', `<x>${include('cid:evil@x')}</x></wsse:Security>`);
  const { bytes } = verifyMultipart(included);
  assert.ok(!bytes.includes('evil'));
  assert.throws(() => verifyMultipart(included, { removeSecurityHeader: false }), PartNotSignedError);
});

test('attachments cannot change places, names or the message', async () => {
  const secured = await secureMultipart(multipart(order(), PARTS), SIGNING_ALL);
  const swapped = replaced(replaced(replaced(secured, '<a@x>', '<c@x>'), '<b@x>', '<a@x>'), '<c@x>', '<b@x>');
  assert.throws(() => verifyMultipart(swapped), DigestMismatchError);
  assert.throws(() => verifyMultipart(replaced(secured, '<a@x>', '<z@x>')), ReferenceUnresolvedError);
  assert.throws(() => verifyMultipart(withPart(secured, 'Content-ID: <a@x>\r\n\r\nother')), MimeError);
  assert.throws(() => verifyMultipart(withPart(secured, 'Content-ID: <%61@x>\r\n\r\nother')), MimeError);
  assert.throws(() => verifyMultipart(Buffer.concat([Buffer.from('x\r\n'), secured])), MimeError);
  assert.throws(() => verifyMultipart(Buffer.concat([secured, Buffer.from('x')])), MimeError);
});

test('a Reference to an attachment takes no other transform, and no other URI', async () => {
  const secured = await secureMultipart(multipart(order(), PARTS), SIGNING_ALL);
  for (const to of ['http://a.example/', 'file:///etc/passwd', 'CID:a@x', 'cid:', 'cid:nobody@x']) {
    assert.throws(() => verifyMultipart(replaced(secured, 'URI="cid:a@x"', `URI="${to}"`)), WssError, to);
  }
});

test('an EncryptedData for an attachment is about one part of the message, in our header', async () => {
  const encryption = encryptionSettings({ parts: [], attachments: ATTACHMENTS });
  const secured = await secureMultipart(multipart(order(), PARTS), { encryption });
  const policy = { signature: undefined, decryption: VERIFY_DECRYPTION };
  verifyMultipart(secured, policy);
  const refused = (from: string, to: string, error: new (...args: never[]) => Error) =>
    assert.throws(() => verifyMultipart(replaced(secured, from, to), policy), error, to);
  for (const uri of ['http://a.example/', 'file:///etc/passwd', 'cid:nobody@x', 'cid:root@x', '#x']) {
    refused('CipherReference URI="cid:a@x"', `CipherReference URI="${uri}"`, ReferenceUnresolvedError);
  }
  refused('CipherReference URI="cid:a@x"', 'CipherReference URI="cid:b@x"', InvalidStructureError);
  refused('#Attachment-Ciphertext-Transform', '#Attachment-Content-Signature-Transform', InvalidStructureError);
});

test('a message that proves nothing brings no attachments where they have to be signed', () => {
  const body = multipart(order(), PARTS);
  const demandsNothing = { signature: undefined, attachments: 'Signed' } as const;
  assert.throws(() => verifyMultipart(body, demandsNothing), AttachmentsNotAllowedError);
  verifyMultipart(body, { signature: undefined });
});
