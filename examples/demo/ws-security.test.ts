import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthority } from '../../scripts/local/certificates.ts';
import { SOAP11, SOAP12 } from './names.ts';
import { openMessage } from './open-message.ts';
import { protectMessage } from './protect-message.ts';

const authority = createAuthority('Test CA');
const alice = authority.issue('alice');
const bob = authority.issue('bob');
const receiver = { ca: authority.certificate, key: bob.key };
const content = '<o:Order xmlns:o="urn:shop"><o:Item sku="1">Käse &amp; Brot</o:Item></o:Order>';

function protect(options: Parameters<typeof protectMessage>[3] = {}, recipient: string | undefined = bob.certificate) {
  return protectMessage(SOAP11, content, { ...alice, ...(recipient && { recipient }) }, options);
}

for (const namespace of [SOAP11, SOAP12]) {
  test(`what was protected opens again, ${namespace}`, async () => {
    const message = await protectMessage(namespace, content, { ...alice, recipient: bob.certificate });
    assert.ok(!message.includes('Brot'));
    const opened = await openMessage(message, receiver);
    assert.ok(opened.body.includes(content));
    assert.ok(opened.encrypted);
    assert.deepEqual([...opened.signed].sort(), ['Body', 'Timestamp']);
    assert.equal(opened.signer.subject, 'CN=alice');
  });
}

test('a message without security, or with less than is demanded, is refused', async () => {
  const plain = `<s:Envelope xmlns:s="${SOAP11}"><s:Body>${content}</s:Body></s:Envelope>`;
  await assert.rejects(openMessage(plain, receiver), /no wsse:Security header/);
  await assert.rejects(openMessage(await protect({ sign: ['Timestamp'] }), receiver), /Body is not signed/);
  await assert.rejects(openMessage(await protect({ sign: ['Body'] }), receiver), /Timestamp is not signed/);
});

test('a changed, old or foreign message is refused', async () => {
  const readable = await protect({}, '');
  await assert.rejects(openMessage(readable.replace('Brot', 'Torte'), receiver), /invalid|verify/i);
  await assert.rejects(openMessage(await protect({ now: Date.now() - 3_600_000 }), receiver), /expired/);
  await assert.rejects(openMessage(await protect({ now: Date.now() + 3_600_000 }), receiver), /future/);
  const stranger = { ...receiver, ca: createAuthority('Test CA').certificate };
  await assert.rejects(openMessage(await protect(), stranger), /trusted authority/);
  await assert.rejects(openMessage(await protect(), { ...receiver, key: alice.key }), /cannot be decrypted/);
});

test('a Body that was moved aside is not believed', async () => {
  const signed = await protect({}, '');
  const start = signed.indexOf('<soap:Body');
  const body = signed.slice(start, signed.indexOf('</soap:Envelope>'));
  const forged =
    signed.slice(0, start).replace('</soap:Header>', `<x>${body}</x></soap:Header>`) +
    '<soap:Body><forged/></soap:Body></soap:Envelope>';
  await assert.rejects(openMessage(forged, receiver), /Body is not signed/);
});
