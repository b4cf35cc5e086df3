/** Attachments signed and encrypted by `secure` are what `verify` accepts, and nothing else is. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  multipart,
  openMultipart,
  secureMultipart,
  VERIFY_DECRYPTION,
  VERIFY_SIGNATURE,
  verifyMultipart,
  type TestPart,
} from '../../../test/support/attachments.ts';
import { encryptionSettings, order, signatureSettings, TIMESTAMP_SETTINGS } from '../../../test/support/securing.ts';
import {
  AttachmentsNotAllowedError,
  DigestMismatchError,
  InvalidStructureError,
  PartMissingError,
  PartNotEncryptedError,
  PartNotSignedError,
  ReferenceUnresolvedError,
} from '../errors.ts';
import type { AttachmentMode, SecureSettings } from '../settings.ts';

const PARTS: readonly TestPart[] = [
  {
    header: [
      'Content-Type: image/png; name="Photo.PNG"; Charset=utf-8',
      'Content-ID: <a+1@x>',
      'Content-Disposition: (comment) ATTACHMENT; filename=Photo.PNG',
      'X-Other: kept',
    ],
    content: Buffer.from(Array.from({ length: 5000 }, (_, i) => i & 0xff)),
  },
  { header: ['content-id: <b@x>', 'CONTENT-TYPE: text/plain'], content: 'line\nline\rline\r\n\nend' },
  {
    header: ['Content-Type: application/xml', 'Content-ID: <c@x>'],
    content: '<?xml version="1.0"?><a  b="1"><!-- c --><b/></a>',
  },
  { header: ['Content-ID: <d@x>', 'Content-Type: application/octet-stream'], content: '' },
];
const MESSAGE = multipart(order(), PARTS);
const MODES: readonly AttachmentMode[] = ['Content', 'Complete'];

function signing(mode: AttachmentMode): Partial<SecureSettings> {
  return { timestamp: TIMESTAMP_SETTINGS, signature: signatureSettings({ attachments: { mode, optional: false } }) };
}

function demanding(mode: AttachmentMode) {
  return { signature: { ...VERIFY_SIGNATURE, attachments: { mode, optional: false } } };
}

function contents(body: Buffer): Buffer[] {
  return openMultipart(body).attachments.map((part) => part.content());
}

for (const mode of MODES) {
  test(`attachments signed as ${mode} verify, and go on byte for byte`, async () => {
    const secured = await secureMultipart(MESSAGE, signing(mode));
    const { bytes } = verifyMultipart(secured, demanding(mode));
    assert.deepEqual(
      openMultipart(bytes).attachments.map(({ raw }) => raw),
      openMultipart(MESSAGE).attachments.map(({ raw }) => raw),
    );
    assert.equal(
      openMultipart(bytes)
        .root.content()
        .toString()
        .replace(/ wsu:Id="[^"]*"| xmlns:wsu="[^"]*"/g, ''),
      order(),
    );
  });
}

test('whatever of an attachment a signature covers cannot be changed', async () => {
  for (const mode of MODES) {
    const secured = await secureMultipart(MESSAGE, signing(mode));
    const change = (from: string, to: string) => () =>
      verifyMultipart(Buffer.from(secured.toString('latin1').replace(from, to), 'latin1'), demanding(mode));
    assert.throws(change('\x05\x06\x07', '\x05\x06\x08'), DigestMismatchError);
    assert.throws(change('<b/></a>', '<B/></a>'), DigestMismatchError);
    assert.throws(change('\n\nend', '\nend'), DigestMismatchError);
    assert.throws(change('<d@x>', '<e@x>'), ReferenceUnresolvedError);
    // Another text of the same canonical form.
    change('line\nline', 'line\r\nline')();
    change('<a  b="1">', "<a b='1' >")();
    change('CONTENT-TYPE: text', 'Content-Type:  text')();
    change('X-Other: kept', 'X-Other: changed')();
    const header = change('image/png; name="Photo.PNG"', 'image/png; name="Other.PNG"');
    if (mode === 'Complete') assert.throws(header, DigestMismatchError);
    else header();
    if (mode === 'Complete')
      change('(comment) ATTACHMENT; filename=Photo', '(other (one)) attachment;\r\n filename=photo')();
  }
});

test('a content signature is not enough where the complete attachment has to be signed', async () => {
  const secured = await secureMultipart(MESSAGE, signing('Content'));
  assert.throws(() => verifyMultipart(secured, demanding('Complete')), PartNotSignedError);
});

test('an attachment that the signature does not cover is refused, unless the policy lets it pass', async () => {
  const secured = await secureMultipart(MESSAGE, signing('Content'));
  const added = Buffer.from(
    secured.toString('latin1').replace('--the boundary--', '--the boundary\r\n\r\nsmuggled\r\n--the boundary--'),
    'latin1',
  );
  assert.throws(() => verifyMultipart(added), PartNotSignedError);
  assert.throws(() => verifyMultipart(added, demanding('Content')), PartNotSignedError);
  assert.equal(contents(verifyMultipart(added, { attachments: 'Pass' }).bytes).length, 5);
  assert.throws(() => verifyMultipart(secured, { attachments: 'Refuse' }), AttachmentsNotAllowedError);
});

test('a signature that names no attachment vouches for none', async () => {
  const timestamp = TIMESTAMP_SETTINGS;
  const secured = await secureMultipart(MESSAGE, { timestamp, signature: signatureSettings(), attachments: 'Pass' });
  assert.throws(() => verifyMultipart(secured), PartNotSignedError);
  verifyMultipart(secured, { attachments: 'Pass' });
  await assert.rejects(
    secureMultipart(MESSAGE, { timestamp, signature: signatureSettings() }),
    AttachmentsNotAllowedError,
  );
});

test('a message without attachments has none to sign, encrypt or demand', async () => {
  const bare = multipart(order(), []);
  await assert.rejects(secureMultipart(bare, signing('Content')), PartMissingError);
  const optional = { mode: 'Content', optional: true } as const;
  const timestamp = TIMESTAMP_SETTINGS;
  const secured = await secureMultipart(bare, { timestamp, signature: signatureSettings({ attachments: optional }) });
  assert.throws(() => verifyMultipart(secured, demanding('Content')), PartNotSignedError);
  verifyMultipart(secured, { signature: { ...VERIFY_SIGNATURE, attachments: optional } });
});

for (const order of ['SignThenEncrypt', 'EncryptThenSign'] as const) {
  for (const signed of MODES) {
    for (const encrypted of MODES) {
      for (const dataAlgorithm of ['AES256-GCM', 'AES256-CBC'] as const) {
        test(`${order}, signed as ${signed}, encrypted as ${encrypted} with ${dataAlgorithm}`, async () => {
          const secured = await secureMultipart(MESSAGE, {
            ...signing(signed),
            ...{
              order,
              encryption: encryptionSettings({ dataAlgorithm, attachments: { mode: encrypted, optional: false } }),
            },
          });
          assert.ok(!secured.includes('line\nline') && !secured.includes('<b/></a>'));
          assert.equal(secured.includes('Photo.PNG'), encrypted === 'Content');
          const { bytes } = verifyMultipart(secured, {
            ...demanding(signed),
            decryption: {
              ...VERIFY_DECRYPTION,
              attachments: { mode: encrypted, optional: false },
              requireSignedEncryptedData: dataAlgorithm === 'AES256-CBC' && order === 'EncryptThenSign',
            },
          });
          assert.deepEqual(contents(bytes), contents(MESSAGE));
          const types = (body: Buffer) => openMultipart(body).attachments.map((part) => part.header('content-type'));
          assert.deepEqual(types(bytes), types(MESSAGE));
          const others = openMultipart(bytes).attachments.map((part) => part.header('x-other'));
          assert.deepEqual(others, ['kept', undefined, undefined, undefined]);
        });
      }
    }
  }
}

test('attachments in the clear, or with their header in the clear, are not encrypted', async () => {
  const part = { mode: 'Complete', optional: false } as const;
  const decryption = { ...VERIFY_DECRYPTION, attachments: part };
  const clear = await secureMultipart(MESSAGE, signing('Content'));
  assert.throws(() => verifyMultipart(clear, { decryption }), PartNotEncryptedError);
  const content = await secureMultipart(MESSAGE, {
    ...signing('Content'),
    encryption: encryptionSettings({ attachments: { mode: 'Content', optional: false } }),
  });
  assert.throws(() => verifyMultipart(content, { decryption }), PartNotEncryptedError);
});

test('the type that decrypted content gets cannot carry a header of its own', async () => {
  const secured = await secureMultipart(MESSAGE, {
    encryption: encryptionSettings({ attachments: { mode: 'Content', optional: false } }),
  });
  const policy = { signature: undefined, decryption: VERIFY_DECRYPTION };
  verifyMultipart(secured, policy);
  for (const type of ['text/plain&#13;&#10;Content-ID: &lt;x>', 'text/plain&#10;', 'te\u00e9xt/plain']) {
    const forged = Buffer.from(
      secured.toString('latin1').replace('MimeType="text/plain"', `MimeType="${type}"`),
      'latin1',
    );
    assert.throws(() => verifyMultipart(forged, policy), /./, type);
    if (!type.includes('\u00e9')) assert.throws(() => verifyMultipart(forged, policy), InvalidStructureError, type);
  }
});
