/** Messages that do not prove what the policy demands: 403 with a constant text; the reason in log and metrics. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  INCOMING,
  KEYS,
  SIGNED_ONLY,
  content,
  echo,
  envelope,
  expired,
  policy,
  secured,
  signed,
  stranger,
} from './support/fixture.ts';
import { Gateway } from './support/gateway.ts';
import { send } from './support/http.ts';
import { Recorder } from './support/recorder.ts';
import { refused } from './support/refusal.ts';

const HOUR = 3_600_000;
const body = content(500);

describe('messages that the policy refuses', () => {
  let recorder: Recorder;
  let gateway: Gateway;
  const texts = new Set<string>();
  before(async () => {
    recorder = await Recorder.start(echo);
    const sha512 = structuredClone(SIGNED_ONLY);
    Object.assign(sha512.request.verify.signature, { accept: { algorithms: ['RSA-SHA512'] } });
    gateway = await Gateway.start({
      files: {
        'keys.yaml': KEYS,
        'policies.yaml': [policy('incoming', INCOMING), policy('signed', SIGNED_ONLY), policy('sha512', sha512)],
      },
      policies: ['incoming', 'signed', 'sha512'],
      backendPort: recorder.port,
    });
  });
  after(async () => {
    await gateway.stop();
    recorder.close();
  });

  const refuse = async (name: string, message: string, code: string) => {
    const answer = await refused(gateway, recorder, () => send(gateway.url(name), message), { status: 403, code });
    texts.add(/<faultstring[^>]*>([^<]*)</.exec(answer.text)?.[1] ?? answer.text);
  };

  test('without security', () => refuse('incoming', envelope(body), 'ERR_WSS_SECURITY_HEADER_MISSING'));
  test('tampered: the signed Body was changed', async () => {
    await refuse('signed', (await signed(body)).replace('Brot', 'Bort'), 'ERR_WSS_DIGEST_MISMATCH');
  });
  test('tampered: the SignedInfo was changed', async () => {
    const message = (await signed(body)).replace(/<ds:DigestValue>./, '<ds:DigestValue>+');
    await refuse('signed', message, 'ERR_WSS_SIGNATURE_INVALID');
  });
  test('tampered: the encrypted Body was changed', async () => {
    const message = await secured(body);
    const at = message.lastIndexOf('<xenc:CipherValue>') + 60;
    const other = message[at] === 'A' ? 'B' : 'A';
    await refuse('incoming', message.slice(0, at) + other + message.slice(at + 1), 'ERR_WSS_DECRYPTION_FAILED');
  });
  test('expired', async () => {
    await refuse('signed', await signed(body, { now: Date.now() - HOUR }), 'ERR_WSS_TIMESTAMP_EXPIRED');
  });
  test('from the future', async () => {
    await refuse('signed', await signed(body, { now: Date.now() + HOUR }), 'ERR_WSS_TIMESTAMP_IN_FUTURE');
  });
  test('replayed', async () => {
    const message = await signed(body);
    assert.equal((await send(gateway.url('signed'), message)).status, 200);
    await refuse('signed', message, 'ERR_WSS_REPLAYED');
  });
  test('untrusted: the certificate of another authority of the same name', async () => {
    await refuse('signed', await signed(body, {}, stranger), 'ERR_WSS_CERTIFICATE_UNTRUSTED');
  });
  test('an expired certificate', async () => {
    await refuse('signed', await signed(body, {}, expired), 'ERR_WSS_CERTIFICATE_EXPIRED');
  });
  test('an unsigned Body', async () => {
    await refuse('signed', await signed(body, { sign: ['Timestamp'] }), 'ERR_WSS_PART_NOT_SIGNED');
  });
  test('an unsigned Timestamp', async () => {
    await refuse('signed', await signed(body, { sign: ['Body'] }), 'ERR_WSS_PART_NOT_SIGNED');
  });
  test('signed, but not encrypted', async () => {
    await refuse('incoming', await signed(body), 'ERR_WSS_PART_NOT_ENCRYPTED');
  });
  test('an algorithm that the policy does not accept', async () => {
    await refuse('sha512', await signed(body), 'ERR_WSS_ALGORITHM_NOT_ACCEPTED');
  });
  test('the signed Body moved aside and another put in its place', async () => {
    const message = await signed(body);
    const start = message.indexOf('<soap:Body');
    const moved = message.slice(start, message.indexOf('</soap:Envelope>'));
    const forged =
      message
        .slice(0, start)
        .replace('</soap:Header>', `<w:Wrapper xmlns:w="urn:w">${moved}</w:Wrapper></soap:Header>`) +
      '<soap:Body><forged/></soap:Body></soap:Envelope>';
    await refuse('signed', forged, 'ERR_WSS_PART_NOT_SIGNED');
  });
  test('every one of them got the same text', () => {
    assert.equal(texts.size, 1, [...texts].join('\n'));
  });
});
