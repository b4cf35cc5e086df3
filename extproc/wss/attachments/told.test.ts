/** What decision logs and `explain` say of attachments. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  multipart,
  openMultipart,
  secureMultipart,
  VERIFY_DECRYPTION,
  VERIFY_SIGNATURE,
  VERIFYING,
  XOP_TYPE,
  type TestPart,
} from '../../../test/support/attachments.ts';
import {
  encryptionSettings,
  NOW,
  order,
  secureContext,
  secureSettings,
  signatureSettings,
  TIMESTAMP_SETTINGS,
} from '../../../test/support/securing.ts';
import { DEFAULT_LIMITS } from '../../xml/limits.ts';
import { EMPTY_EXCHANGE } from '../exchange-state.ts';
import { explain, type Explanation } from '../explain.ts';
import { secure } from '../secure.ts';
import type { AttachmentMode, SecureSettings, VerifySettings } from '../settings.ts';
import { verify } from '../verify.ts';

const context = { now: NOW, exchange: EMPTY_EXCHANGE, limits: DEFAULT_LIMITS };
const PHOTO: TestPart = { header: ['Content-Type: image/png', 'Content-ID: <photo@x>'], content: 'photo' };
const TEXT: TestPart = { header: ['Content-Type: text/plain', 'Content-ID: <text@x>'], content: 'line\nline\n' };
const MESSAGE = multipart(order(), [PHOTO, TEXT]);

function signing(mode: AttachmentMode): Partial<SecureSettings> {
  return { timestamp: TIMESTAMP_SETTINGS, signature: signatureSettings({ attachments: { mode, optional: false } }) };
}

const ENCRYPTING: Partial<SecureSettings> = {
  ...signing('Content'),
  encryption: encryptionSettings({ attachments: { mode: 'Complete', optional: false } }),
};
const DECRYPTING: Partial<VerifySettings> = { decryption: VERIFY_DECRYPTION };

function explained(body: Buffer, changes: Partial<VerifySettings> = {}, type?: string): Explanation {
  return explain(openMultipart(body, type).message, { ...VERIFYING, ...changes }, context);
}

function found({ findings }: Explanation, about: string): string {
  return findings
    .filter((finding) => finding.about === about)
    .map(({ ok, detail, cause = '' }) => `${ok === false ? 'wrong: ' : ''}${detail} ${cause}`.trim())
    .join('\n');
}

test('evidence names the attachments that were signed and encrypted', async () => {
  const { message } = openMultipart(MESSAGE);
  const { evidence } = await secure(message, secureSettings(ENCRYPTING), { ...secureContext(), evidence: true });
  const signed = ['attachment cid:photo@x (Content)', 'attachment cid:text@x (Content)'];
  const encrypted = ['attachment cid:photo@x (Complete)', 'attachment cid:text@x (Complete)'];
  assert.deepEqual(evidence?.signature?.parts, ['Envelope/Body', ...signed, 'Timestamp']);
  assert.deepEqual(evidence?.encryption?.parts, ['Envelope/Body', ...encrypted]);

  const secured = openMultipart(await secureMultipart(MESSAGE, ENCRYPTING)).message;
  const verified = verify(secured, { ...VERIFYING, ...DECRYPTING }, { ...context, evidence: true });
  assert.deepEqual(verified.evidence?.signatures[0]?.parts.slice(-2), signed);
  assert.equal(verified.evidence?.decrypted, 3);
});

test('evidence names no attachment that is not signed, and no more than it has place for', async () => {
  const unsigned = {
    ...ENCRYPTING,
    signature: signatureSettings(),
    encryption: undefined,
    attachments: 'Pass',
  } as const;
  const { evidence } = await secure(openMultipart(MESSAGE).message, secureSettings(unsigned), {
    ...secureContext(),
    evidence: true,
  });
  assert.doesNotMatch(String(evidence?.signature?.parts), /attachment/);

  const names = Array.from({ length: 80 }, (_, i) => `${i}${'x'.repeat(400)}`);
  const parts = names.map((name) => ({ header: [`Content-ID: <${name}>`], content: 'x' }));
  const long = openMultipart(multipart(order(), parts)).message;
  const facts = (await secure(long, secureSettings(signing('Content')), { ...secureContext(), evidence: true }))
    .evidence;
  assert.ok(facts?.signature?.parts.every((part) => part.length <= 256));
  assert.equal(facts?.signature?.parts.at(-2), 'and 16 more');
});

test('explain says how each attachment is protected', async () => {
  const both = explained(await secureMultipart(MESSAGE, ENCRYPTING), DECRYPTING);
  assert.equal(both.accepted, true);
  assert.equal(
    found(both, 'Attachments'),
    'attachment cid:photo@x: signed (Content), encrypted (Complete); attachment cid:text@x: signed (Content), encrypted (Complete)',
  );
  const references = both.findings.map(({ detail }) => detail).join('\n');
  assert.match(references, /cid:photo@x is an attachment \(Content\); the SHA256 digest matches/);

  const unsigned = await secureMultipart(MESSAGE, {
    ...{ timestamp: TIMESTAMP_SETTINGS, signature: signatureSettings(), attachments: 'Pass' },
  });
  const refused = explained(unsigned);
  assert.equal(refused.accepted, false);
  assert.match(found(refused, 'Attachments'), /^wrong: .*They came as: attachment cid:photo@x: not protected;/);

  const include = '<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:photo@x"/>';
  const mtom = multipart(order().replace('Zoë &amp; Co', include), [PHOTO], XOP_TYPE);
  const { timestamp, signature } = { timestamp: TIMESTAMP_SETTINGS, signature: signatureSettings() };
  const included = explained(await secureMultipart(mtom, { timestamp, signature }, XOP_TYPE), {}, XOP_TYPE);
  assert.equal(included.accepted, true);
  assert.match(found(included, 'Attachments'), /^attachment cid:photo@x: named by an xop:Include/);
});

test('explain says which attachments the signatures cover when they are too few', async () => {
  const demanded = { signature: { ...VERIFY_SIGNATURE, attachments: { mode: 'Complete', optional: false } } } as const;
  const refused = explained(await secureMultipart(MESSAGE, signing('Content')), demanded);
  assert.match(found(refused, 'Required signed parts'), /cover: .*attachment cid:text@x \(Content\)/);
});

test('explain says why the digest of an attachment does not match', async () => {
  const causes = async (mode: AttachmentMode, from: string, to: string): Promise<string> => {
    const secured = (await secureMultipart(MESSAGE, signing(mode))).toString('latin1');
    assert.ok(secured.includes(from));
    const { findings } = explained(Buffer.from(secured.replaceAll(from, to), 'latin1'));
    return findings.map(({ cause = '' }) => cause).join('\n');
  };
  assert.match(await causes('Content', '\r\nphoto\r\n', '\r\nPhoto\r\n'), /The attachment was changed after signing\./);
  assert.match(await causes('Complete', 'image/png', 'image/gif'), /or its headers were not those that were signed/);
  const [content, complete] = ['#Attachment-Content-Signature-Transform', '#Attachment-Complete-Signature-Transform'];
  const other = await causes('Content', content, complete);
  assert.match(other, /The sender digested its octets as they are/);
  assert.match(other, /The transform says Complete, and the sender digested what Content means/);
});

test('explain reads as many References as the attachments allow', async () => {
  const parts = Array.from({ length: 40 }, (_, i) => ({ header: [`Content-ID: <${i}@x>`], content: 'x' }));
  const result = explained(await secureMultipart(multipart(order(), parts), signing('Content')));
  assert.deepEqual(
    result.findings.filter(({ ok }) => ok === false),
    [],
  );
  assert.match(found(result, 'Signature 1, structure'), /42 references/);
  assert.match(found(result, 'Attachments'), /and 20 more$/);
});
