/** Answers that nobody would write, made of those that somebody does. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  encryptionSettings,
  NOW,
  pki,
  secureText,
  signatureSettings,
  TIMESTAMP_SETTINGS,
} from '../../../test/support/securing.ts';
import { TrustStore } from '../../keys/trust-store.ts';
import { canonicalize } from '../../xml/c14n.ts';
import { scan } from '../../xml/scan.ts';
import { TRUST_FAULTS, TokenAnswerError } from '../errors.ts';
import type { WsTrustSettings } from '../settings.ts';
import { readTrustAnswer, type TrustAnswer } from './read-answer.ts';
import { readTrustFault } from './read-fault.ts';
import { readToken } from './read-token.ts';
import { cxf, dataPower, ping, saml2, TRUST_13, wcf } from './testdata/answers.ts';
import { trustSettings } from './testdata/settings.ts';
import { verifyAnswer } from './verify-answer.ts';
import type { Operation } from './versions.ts';

const OURS = [{ key: pki.recipient.key, certificate: pki.recipient.certificate, name: 'ours' }];
const trust = new TrustStore({ anchors: [pki.ca.certificate], intermediates: [pki.intermediate.certificate] });
const SOAP11_TYPE = 'text/xml';
const SOAP12_TYPE = 'application/soap+xml';
const ENTROPY = Buffer.alloc(32, 1);

/** What is read of an answer, whatever was asked; undefined when it is refused. */
function read(
  bytes: Buffer,
  type: string,
  settings: WsTrustSettings,
  operation: Operation = 'Issue',
): ReturnType<typeof readTrustAnswer> | string {
  try {
    const message = verifyAnswer(bytes, type, settings, undefined, NOW, { messageId: 'urn:uuid:1f5d' });
    const fault = readTrustFault(message);
    if (fault !== undefined) return fault;
    const request = { body: '', action: '', ...(settings.keyType === 'Symmetric' && { entropy: ENTROPY }) };
    return readTrustAnswer(message, request, operation, settings, { keys: OURS });
  } catch (error) {
    assert.ok(error instanceof TokenAnswerError, String(error));
    assert.ok(error.message.length < 120 && !error.message.includes('Zoë'), error.message);
    return undefined;
  }
}

const isAnswer = (answer: ReturnType<typeof read>): answer is TrustAnswer =>
  typeof answer === 'object' && 'token' in answer;

/** One change of a document: of bytes, or of an element as a whole. `at` and `from` are parts of its length. */
interface Change {
  readonly kind: 'bytes' | 'remove' | 'double' | 'move' | 'wrap';
  readonly at: number;
  readonly from: number;
  readonly bytes: Uint8Array;
}

const TEXTS = [
  '<',
  '>',
  '&',
  '&#0;',
  '<!--',
  '-->',
  '<![CDATA[',
  '<!DOCTYPE a>',
  ' xmlns=""',
  '"',
  'ü',
  '\0',
  '2026',
].map((text) => new Uint8Array(Buffer.from(text)));
const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom('bytes', 'remove', 'double', 'move', 'wrap'),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  from: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  bytes: fc.oneof(fc.uint8Array({ maxLength: 3 }), fc.constantFrom(...TEXTS)),
});
const changes = fc.array(change, { minLength: 1, maxLength: 4 });

function changed(bytes: Buffer, { kind, at, from, bytes: inserted }: Change): Buffer {
  const place = Math.floor(at * bytes.length);
  if (kind === 'bytes')
    return Buffer.concat([bytes.subarray(0, place), inserted, bytes.subarray(place + inserted.length)]);
  let index;
  try {
    index = scan(bytes);
  } catch {
    return bytes;
  }
  const element = Math.floor(at * index.elementCount);
  const target = index.end(Math.floor(from * index.elementCount));
  const [start, end] = [index.start(element), index.end(element)];
  const text = bytes.subarray(start, end);
  if (kind === 'double') return Buffer.concat([bytes.subarray(0, end), text, bytes.subarray(end)]);
  if (kind === 'remove') return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
  if (kind === 'wrap') {
    const [open, close] = [Buffer.from('<w:Wrap xmlns:w="urn:w">'), Buffer.from('</w:Wrap>')];
    return Buffer.concat([bytes.subarray(0, start), open, text, close, bytes.subarray(end)]);
  }
  return Buffer.concat([bytes.subarray(0, target), text, bytes.subarray(target)]);
}

const proof =
  `<RequestedProofToken><ComputedKey>${TRUST_13}/CK/PSHA1</ComputedKey></RequestedProofToken>` +
  `<Entropy><BinarySecret>${ENTROPY.toString('base64')}</BinarySecret></Entropy>`;
const samples: readonly (readonly [xml: string, type: string, settings: WsTrustSettings])[] = [
  [cxf(), SOAP12_TYPE, trustSettings()],
  [cxf({ more: proof }), SOAP12_TYPE, trustSettings({ keyType: 'Symmetric' })],
  [wcf(), SOAP11_TYPE, trustSettings({ version: '2005-02', tokenType: 'SAML1' })],
  [ping(), SOAP11_TYPE, trustSettings()],
  [dataPower(), SOAP12_TYPE, trustSettings({ keyType: 'Public' })],
];

test('the samples are good as they are', () => {
  for (const [xml, type, settings] of samples) {
    // The Timestamp of one of them is not of now.
    const timeless = xml.replace(/<o:Security .*<\/o:Security>/, '');
    assert.ok(isAnswer(read(Buffer.from(timeless), type, settings)), xml);
  }
});

test('whatever an answer is changed into is refused or gives one token that is a document', () => {
  const operations = fc.constantFrom<Operation>('Issue', 'Renew', 'Validate', 'Cancel');
  fc.assert(
    fc.property(fc.constantFrom(...samples), changes, operations, ([xml, type, settings], all, operation) => {
      const answer = read(all.reduce(changed, Buffer.from(xml)), type, settings, operation);
      if (typeof answer === 'string') assert.ok((TRUST_FAULTS as readonly string[]).includes(answer));
      if (!isAnswer(answer)) return;
      const { token, expires } = answer;
      assert.doesNotThrow(() => scan(Buffer.from(token.bytes)));
      assert.ok(expires === undefined || Number.isSafeInteger(expires));
      if (token.secret !== undefined) assert.deepEqual([token.secret.length, settings.keyType], [32, 'Symmetric']);
      else assert.ok(settings.keyType !== 'Symmetric' || operation === 'Renew');
    }),
    { numRuns: 2000 },
  );
});

const canonical = (bytes: Uint8Array): string =>
  canonicalize(scan(Buffer.from(bytes)), 0, { mode: 'exclusive', comments: false }).toString();

test('of a signed answer nothing is read that was not signed', async () => {
  const parts = { timestamp: TIMESTAMP_SETTINGS, signature: signatureSettings() };
  const plain = (await secureText(cxf(), parts)).bytes;
  const settings = trustSettings({ trust, decryptionKeys: OURS });
  const both = (await secureText(cxf(), { ...parts, encryption: encryptionSettings() })).bytes;
  const original = read(plain, SOAP12_TYPE, settings);
  assert.ok(isAnswer(original) && isAnswer(read(both, SOAP12_TYPE, settings)));
  let accepted = 0;
  fc.assert(
    fc.property(fc.constantFrom(plain, both), changes, (bytes, all) => {
      const answer = read(all.reduce(changed, bytes), SOAP12_TYPE, settings);
      if (!isAnswer(answer)) return;
      accepted++;
      assert.equal(canonical(answer.token.bytes), canonical(original.token.bytes));
      assert.deepEqual({ ...answer, token: answer.token.reference }, { ...original, token: original.token.reference });
    }),
    { numRuns: 1000 },
  );
  assert.ok(accepted > 0, 'no change at all was accepted, so nothing was tested');
});

test('any bytes are a token or refused', () => {
  fc.assert(
    fc.property(changes, (all) => {
      try {
        const { bytes } = readToken(all.reduce(changed, Buffer.from(saml2())));
        assert.doesNotThrow(() => scan(Buffer.from(bytes)));
      } catch (error) {
        assert.ok(error instanceof TokenAnswerError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

test('the place of a signed Body cannot be taken by another', async () => {
  const parts = { timestamp: TIMESTAMP_SETTINGS, signature: signatureSettings() };
  const signed = (await secureText(cxf(), parts)).bytes.toString();
  const settings = trustSettings({ trust });
  assert.ok(isAnswer(read(Buffer.from(signed), SOAP12_TYPE, settings)));
  const body = /<soap:Body.*<\/soap:Body>/s.exec(signed)?.[0] ?? '';
  assert.ok(body.includes('wsu:Id'));
  const forged = cxf({ token: saml2().replace('Zoë', 'Mallory') });
  const forgedBody = /<soap:Body.*<\/soap:Body>/s.exec(forged)?.[0] ?? '';
  const aside = `<w:Wrap xmlns:w="urn:w">${body}</w:Wrap>`;
  for (const attack of [
    signed.replace(body, forgedBody).replace('</soap:Header>', `${aside}</soap:Header>`),
    signed.replace(body, forgedBody).replace('</wsse:Security>', `${aside}</wsse:Security>`),
    signed.replace(body, forgedBody.replace('<soap:Body', '<soap:Body xmlns:wsu="urn:x" wsu:Id="x"')),
    signed.replace(body, forgedBody + body),
    signed.replace(body, forgedBody.replace('</soap:Body>', `${aside}</soap:Body>`)),
  ]) {
    assert.notEqual(attack, signed);
    assert.equal(read(Buffer.from(attack), SOAP12_TYPE, settings), undefined);
  }
});
