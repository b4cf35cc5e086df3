/** The library, by the name under which others import it. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { EngineError, openEngine, type Engine } from 'waxseal';
import { stringify } from 'yaml';
import { openMessage } from '../examples/demo/open-message.ts';
import { Child } from '../scripts/local/child.ts';
import * as shop from '../test/e2e/support/fixture.ts';
import { openEngine as openHere } from './library.ts';

const body = shop.content(300);
let root: string;
let config: string;
let engine: Engine;

before(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'waxseal-library-'));
  config = writeConfig('config', [
    shop.policy('incoming', shop.INCOMING),
    shop.policy('outgoing', shop.OUTGOING),
    shop.policy('audited', { ...shop.SIGNED_ONLY, mode: 'Audit' }),
  ]);
  engine = await openEngine({ config });
});
after(async () => {
  await engine.close();
  rmSync(root, { recursive: true });
});

function writeConfig(name: string, policies: readonly object[]): string {
  const folder = path.join(root, name);
  mkdirSync(folder);
  const manifests = [...shop.KEYS, ...policies].map((manifest) => stringify(manifest));
  writeFileSync(path.join(folder, 'all.yaml'), manifests.join('---\n'));
  return folder;
}

async function accepted(message: Parameters<Engine['process']>[0]) {
  const result = await engine.process(message);
  assert.ok(result.accepted, result.accepted ? '' : result.reason);
  return result;
}

async function refused(message: Parameters<Engine['process']>[0], by = engine) {
  const result = await by.process(message);
  assert.ok(!result.accepted);
  return result;
}

describe('library', () => {
  test('what is imported by name is this checkout', () => assert.equal(openEngine, openHere));

  test('an answer goes to whoever signed the request, and confirms its signature, by what the request left', async () => {
    const policy = 'e2e/incoming';
    const request = Buffer.from(await shop.secured(body));
    const verified = await accepted({ policy, phase: 'request', body: request });
    assert.match(verified.body.toString(), /Käse/);
    assert.doesNotMatch(verified.body.toString(), /Signature|EncryptedData/);
    assert.match(verified.headers['x-wss-subject'], /CN=client/);
    const answer = Buffer.from(shop.envelope(shop.content(300, 'answer')));
    const secured = await accepted({ policy, phase: 'response', body: answer, exchange: verified.exchange });
    const opened = await openMessage(secured.body.toString(), { ca: shop.ca, key: shop.client.key });
    assert.ok(opened.encrypted);
    assert.match(opened.content, /id="answer"/);
    assert.equal(verified.exchange.verifiedSignatures.length, 1);
    assert.ok(secured.body.includes('SignatureConfirmation'));
    // Nobody knows whom to encrypt to.
    const without = await refused({ policy, phase: 'response', body: answer });
    assert.equal(without.temporary, false);
  });

  test('a request of ours, and the answer that must confirm it', async () => {
    const policy = 'e2e/outgoing';
    const sent = await accepted({ policy, phase: 'request', body: Buffer.from(shop.envelope(body)) });
    const headers = { 'content-type': 'text/xml' };
    const answered = await shop.securedEcho({ body: sent.body, headers, method: 'POST', url: '/' });
    const answer = Buffer.from(answered.body);
    const other = await accepted({ policy, phase: 'request', body: Buffer.from(shop.envelope(body)) });
    const { code } = await refused({ policy, phase: 'response', body: answer, exchange: other.exchange });
    assert.equal(code, 'ERR_WSS_SIGNATURE_CONFIRMATION');
    const opened = await accepted({ policy, phase: 'response', body: answer, exchange: sent.exchange });
    assert.match(opened.body.toString(), /Käse/);
  });

  test('what is refused comes with the fault for its sender and a reason that is not in it', async () => {
    const message = { policy: 'e2e/incoming', phase: 'request', body: Buffer.from(shop.envelope(body)) } as const;
    const { code, reason, body: fault, temporary } = await refused(message);
    assert.equal(code, 'ERR_WSS_SECURITY_HEADER_MISSING');
    assert.equal(temporary, false);
    assert.match(fault.toString(), /<soap:Fault|:Fault>/);
    assert.ok(!fault.includes(reason), reason);
    const soap12 = await refused({ ...message, headers: { 'content-type': 'application/soap+xml' } });
    assert.equal(soap12.code, 'ERR_HTTP_SOAP_VERSION');
  });

  test('seen messages are remembered until it is closed', async () => {
    const message = { policy: 'e2e/incoming', phase: 'request', body: Buffer.from(await shop.secured(body)) } as const;
    await accepted(message);
    assert.equal((await refused(message)).code, 'ERR_WSS_REPLAYED');
  });

  test('of an audited policy a message goes on as it came', async () => {
    const message = Buffer.from(shop.envelope(body));
    const result = await accepted({ policy: 'e2e/audited', phase: 'request', body: message });
    assert.deepEqual(result.body, message);
  });

  test('an unknown policy, and a folder with errors, are no verdicts', async () => {
    await assert.rejects(engine.process({ policy: 'e2e/none', phase: 'request', body: Buffer.alloc(0) }), EngineError);
    const broken = writeConfig('broken', [shop.policy('bad', { request: { verify: { signature: {} } }, colour: 1 })]);
    await assert.rejects(openEngine({ config: broken }), EngineError);
  });

  test('without its Redis it refuses for now; a process that closes it ends', async () => {
    const keys = path.join(root, 'keys');
    mkdirSync(keys);
    writeFileSync(path.join(keys, '1'), randomBytes(32).toString('base64'));
    writeFileSync(path.join(root, 'message.xml'), await shop.secured(body));
    const script = `
      import { readFileSync } from 'node:fs';
      import { openEngine } from 'waxseal';
      const [config, cacheKeysFolder, file] = process.argv.slice(1);
      const engine = await openEngine({ config, shared: { url: 'redis://127.0.0.1:1', cacheKeysFolder } });
      const result = await engine.process({ policy: 'e2e/incoming', phase: 'request', body: readFileSync(file) });
      console.log(result.code, result.temporary);
      await engine.close();`;
    const args = ['--input-type=module', '--eval', script, config, keys, path.join(root, 'message.xml')];
    const child = new Child('user of the library', process.execPath, args);
    await child.until(() => child.exited);
    assert.equal(await child.ended, 'exit code 0', child.log);
    assert.match(child.log, /^ERR_REPLAY_CACHE_UNAVAILABLE true$/m);
  });
});
