/** Attachments, signed and encrypted, between WSS4J and us. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { MimePart } from '../../extproc/mime/part.ts';
import { writeRelated } from '../../extproc/mime/multipart.ts';
import { parseRelatedType } from '../../extproc/mime/related.ts';
import { dataAlgorithms } from '../../extproc/wss/algorithms.ts';
import { DigestMismatchError, PartNotSignedError } from '../../extproc/wss/errors.ts';
import type { AttachmentMode, SecureSettings } from '../../extproc/wss/settings.ts';
import {
  multipart,
  openMultipart,
  secureMultipart,
  SWA_TYPE,
  VERIFY_DECRYPTION,
  VERIFY_SIGNATURE,
  verifyMultipart,
  XOP_TYPE,
  type TestPart,
} from '../support/attachments.ts';
import { encryptionSettings, order, pki, signatureSettings, TIMESTAMP_SETTINGS } from '../support/securing.ts';
import { Wss4j, Wss4jError } from './wss4j.ts';

const PICTURE = Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * 7) & 0xff));
const PARTS: readonly TestPart[] = [
  {
    header: [
      'Content-Type: image/png; name="Photo.PNG"; charset=UTF-8',
      'Content-ID: <photo@x>',
      'Content-Disposition: attachment; filename=Photo.PNG',
      'Content-Description: a (nested (comment)) picture',
      'Content-Location: http://x.example/Photo',
      'X-Other: kept',
    ],
    content: PICTURE,
  },
  { header: ['Content-ID: <text@x>', 'Content-Type: text/plain'], content: 'line\nline\rline\r\n\nend' },
  { header: ['Content-Type: application/xml', 'Content-ID: <xml@x>'], content: '<a  b="1"><!-- c --><b/></a>' },
  { header: ['Content-ID: <empty@x>', 'Content-Type: application/octet-stream'], content: '' },
];
const MESSAGE = multipart(order(), PARTS);
const MODES: readonly AttachmentMode[] = ['Content', 'Complete'];
const ALGORITHMS = ['AES256-GCM', 'AES256-CBC'] as const;
/** What WSS4J calls them. */
const MODIFIER: Readonly<Record<AttachmentMode, string>> = { Content: 'Content', Complete: 'Element' };

let wss4j: Wss4j;
before(async () => {
  wss4j = await Wss4j.start(pki);
});
after(() => wss4j.close());

/** The parts as `Swa.java` reads them. */
function packed(body: Buffer, type = SWA_TYPE): Buffer {
  const { root, attachments } = openMultipart(body, type);
  const pieces: Buffer[] = [];
  const int = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    pieces.push(bytes);
  };
  const text = (value: string) => {
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(bytes.length);
    pieces.push(length, bytes);
  };
  int(attachments.length + 1);
  for (const { contentId = '', headers, body: content } of [root, ...attachments]) {
    text(contentId);
    int(headers.length);
    for (const { name, value } of headers) {
      text(name);
      text(value);
    }
    int(content.length);
    pieces.push(content);
  }
  return Buffer.concat(pieces);
}

/** The multipart message of what `Swa.java` writes. */
function unpacked(payload: Buffer, type = SWA_TYPE): Buffer {
  let at = 0;
  const int = () => payload.readInt32BE((at += 4) - 4);
  const text = () => {
    const length = payload.readUInt16BE(at);
    at += 2 + length;
    return payload.toString('utf8', at - length, at);
  };
  const parts: MimePart[] = [];
  for (let left = int(); left > 0; left--) {
    const id = text();
    const headers = Array.from({ length: int() }, () => ({ name: text(), value: text() }));
    const length = int();
    at += length;
    if (parts.length === 0) headers.push(...rootHeaders(type));
    else if (!headers.some(({ name }) => name === 'Content-ID')) headers.push({ name: 'Content-ID', value: `<${id}>` });
    parts.push(new MimePart(headers, id, payload.subarray(at - length, at)));
  }
  return writeRelated(parts, parseRelatedType(type)).bytes;
}

function rootHeaders(type: string): { name: string; value: string }[] {
  const { root } = openMultipart(multipart(order(), [], type), type);
  return [...root.headers];
}

function contents(body: Buffer, type = SWA_TYPE): { headers: string[]; content: string }[] {
  return openMultipart(body, type).attachments.map((part) => ({
    headers: part.headers
      .filter(({ name }) => name !== 'Content-Transfer-Encoding')
      .map(({ name, value }) => `${name}: ${value}`)
      .sort(),
    content: part.content().toString('latin1'),
  }));
}

interface Protection {
  readonly signed?: AttachmentMode;
  readonly encrypted?: AttachmentMode;
  readonly algorithm?: (typeof ALGORITHMS)[number];
  readonly order?: SecureSettings['order'];
}

function* protections(): Generator<Protection> {
  for (const signed of MODES) yield { signed };
  for (const algorithm of ALGORITHMS) {
    for (const encrypted of MODES) {
      yield { encrypted, algorithm };
      for (const signed of MODES) {
        for (const order of ['SignThenEncrypt', 'EncryptThenSign'] as const) {
          yield { signed, encrypted, algorithm, order };
        }
      }
    }
  }
}

const describeProtection = ({ signed, encrypted, algorithm, order }: Protection): string =>
  [order, signed && `signed ${signed}`, encrypted && `encrypted ${encrypted} ${algorithm}`].filter(Boolean).join(', ');

function ours({ signed, encrypted, algorithm = 'AES256-GCM', order = 'SignThenEncrypt' }: Protection) {
  return {
    ...{ order, timestamp: TIMESTAMP_SETTINGS },
    ...(signed && { signature: signatureSettings({ attachments: { mode: signed, optional: false } }) }),
    ...(encrypted && {
      encryption: encryptionSettings({
        ...{ dataAlgorithm: algorithm, keyTransport: 'RSA-OAEP-MGF1P', parts: [] },
        attachments: { mode: encrypted, optional: false },
      }),
    }),
  } as const;
}

function theirs({ signed, encrypted, algorithm = 'AES256-GCM', order }: Protection): Record<string, string> {
  const actions = [signed && 'Signature', encrypted && 'Encryption'].filter((action) => action !== undefined);
  if (order === 'EncryptThenSign') actions.reverse();
  return {
    actions: ['Timestamp', ...actions].join(';'),
    ...{ 'sig.key': 'signer', 'enc.key': 'recipient', 'enc.data': dataAlgorithms[algorithm].uri },
    ...(signed && { 'sig.attachments': MODIFIER[signed] }),
    ...(encrypted && { 'enc.attachments': MODIFIER[encrypted] }),
  };
}

function demands({ signed, encrypted }: Protection) {
  return {
    signature: signed && { ...VERIFY_SIGNATURE, attachments: { mode: signed, optional: false } },
    ...(encrypted && {
      decryption: {
        ...VERIFY_DECRYPTION,
        accept: { ...VERIFY_DECRYPTION.accept, keyTransports: ['RSA-OAEP-MGF1P'] as const },
        attachments: { mode: encrypted, optional: false },
      },
    }),
  };
}

/**
 * WSS4J does not sign the EncryptedData of an attachment, so that its signature says nothing of what CBC comes to, nor of
 * the type that decrypted content has; and what it signs as complete after encrypting that has no Content-ID.
 */
function whyRefused({ signed, encrypted, algorithm, order }: Protection) {
  if (order !== 'EncryptThenSign' || signed === undefined) return undefined;
  if (signed === 'Complete' && encrypted === 'Complete') return DigestMismatchError;
  return signed === 'Complete' || algorithm === 'AES256-CBC' ? PartNotSignedError : undefined;
}

describe('SOAP with Attachments', () => {
  for (const protection of protections()) {
    it(`WSS4J accepts ours: ${describeProtection(protection)}`, async () => {
      const secured = await secureMultipart(MESSAGE, ours(protection));
      const { payload } = await wss4j.call('swa.verify', {}, packed(secured));
      const arrived = contents(unpacked(payload));
      assert.deepEqual(
        arrived.map(({ content }) => content),
        contents(MESSAGE).map(({ content }) => content),
      );
    });

    const refused = whyRefused(protection);
    it(`we ${refused ? 'refuse' : 'accept'} WSS4J's: ${describeProtection(protection)}`, async () => {
      const { payload } = await wss4j.call('swa.secure', theirs(protection), packed(MESSAGE));
      if (refused !== undefined) {
        assert.throws(() => verifyMultipart(unpacked(payload), demands(protection)), refused);
        return;
      }
      const { bytes } = verifyMultipart(unpacked(payload), demands(protection));
      assert.deepEqual(contents(bytes), contents(MESSAGE));
    });
  }

  it('WSS4J sees what is changed in an attachment of ours', async () => {
    for (const mode of MODES) {
      const secured = await secureMultipart(MESSAGE, ours({ signed: mode }));
      const changed = Buffer.from(secured.toString('latin1').replace('\n\nend', '\n\nEnd'), 'latin1');
      await assert.rejects(wss4j.call('swa.verify', {}, packed(changed)), Wss4jError);
    }
  });
});

const XOP = 'http://www.w3.org/2004/08/xop/include';
const INCLUDING = order().replace(
  '<plain xmlns="">x</plain>',
  `<s:Picture><xop:Include xmlns:xop="${XOP}" href="cid:photo%40x"/></s:Picture>`,
);
const OPTIMIZED = multipart(INCLUDING, PARTS.slice(0, 1), XOP_TYPE);

describe('MTOM', () => {
  it('WSS4J accepts our signature over what an xop:Include stands for', async () => {
    const secured = await secureMultipart(
      OPTIMIZED,
      { timestamp: TIMESTAMP_SETTINGS, signature: signatureSettings() },
      XOP_TYPE,
    );
    assert.ok(secured.includes('xop:Include') && !secured.includes(PICTURE.toString('base64', 0, 300)));
    await wss4j.call('swa.verify', {}, packed(secured, XOP_TYPE));
    const changed = Buffer.from(secured);
    changed[secured.indexOf(PICTURE) + 9] ^= 1;
    await assert.rejects(wss4j.call('swa.verify', {}, packed(changed, XOP_TYPE)), Wss4jError);
  });

  it('WSS4J decrypts our Body, which has taken in what an xop:Include stood for', async () => {
    const encryption = encryptionSettings({ keyTransport: 'RSA-OAEP-MGF1P' });
    const settings = { timestamp: TIMESTAMP_SETTINGS, signature: signatureSettings(), encryption };
    const secured = await secureMultipart(OPTIMIZED, settings, XOP_TYPE);
    assert.equal(openMultipart(secured, XOP_TYPE).attachments.length, 0);
    const { payload } = await wss4j.call('swa.verify', {}, packed(secured, XOP_TYPE));
    assert.ok(payload.includes(PICTURE.toString('base64')));
  });

  for (const store of ['false', 'true']) {
    it(`we accept WSS4J's signature over what an xop:Include stands for, bytes in attachments: ${store}`, async () => {
      const fields = { ...theirs({}), actions: 'Timestamp;Signature', store };
      const { payload } = await wss4j.call('swa.secure', fields, packed(OPTIMIZED, XOP_TYPE));
      const { bytes } = verifyMultipart(unpacked(payload, XOP_TYPE), {}, XOP_TYPE);
      assert.equal(openMultipart(bytes, XOP_TYPE).attachments.length, 1);
      assert.ok(bytes.includes(PICTURE));
    });

    it(`we decrypt WSS4J's Body, bytes in attachments: ${store}`, async () => {
      const fields = {
        ...theirs({ algorithm: 'AES256-GCM' }),
        actions: 'Timestamp;Signature;Encryption',
        store,
        'enc.body': 'true',
      };
      const { payload } = await wss4j.call('swa.secure', fields, packed(OPTIMIZED, XOP_TYPE));
      const { decryption } = demands({ encrypted: 'Content' });
      const body = { kind: 'Body', mode: 'Content', optional: false } as const;
      const policy = { decryption: decryption && { ...decryption, attachments: undefined, requiredParts: [body] } };
      const { bytes } = verifyMultipart(unpacked(payload, XOP_TYPE), policy, XOP_TYPE);
      assert.equal(openMultipart(bytes, XOP_TYPE).attachments.length, 0);
      assert.ok(bytes.includes(PICTURE.toString('base64')));
    });
  }
});
