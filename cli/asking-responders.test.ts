/** What `process` and `explain` do with a policy that has OCSP responders asked. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, beforeEach, test } from 'node:test';
import { envelope, honest, pki, seal, security, signature, timestamp, token } from '../test/attacks/forge.ts';
import { OcspResponder } from '../test/support/ocsp-responder.ts';
import { policyManifest } from '../test/support/policies.ts';

let folder: string;
let responder: OcspResponder;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'asking-'));
  responder = await OcspResponder.start({ issuer: pki.intermediate });
  const trustRefs = [{ kind: 'ConfigMap', name: 'issuing' }];
  const revocation = { ocsp: { responderUrl: responder.url } };
  const authority = {
    ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'issuing', namespace: 'shop' } },
    data: { 'ca.crt': pki.intermediate.certificatePem },
  };
  const policy = policyManifest('asking', {
    request: { verify: { timestamp: {}, signature: { trustRefs, revocation } } },
  });
  await writeFile(path.join(folder, 'all.yaml'), [policy, JSON.stringify(authority)].join('\n---\n'));
});
after(async () => {
  responder.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  responder.requests.length = 0;
  responder.revoked.clear();
  responder.knows(pki.signer.certificate);
});

async function waxseal(command: string, input: string): Promise<{ code: number | null; out: string; err: string }> {
  const args = [command, '--config', folder, '--policy', 'shop/asking', '--phase', 'request'];
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'waxseal.js'), ...args]);
  child.stdin.end(input);
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { code, out, err };
}

test('process asks, and refuses who is revoked', async () => {
  const good = await waxseal('process', honest());
  assert.deepEqual([good.code, good.err, responder.requests.length], [0, '', 1]);
  responder.revokes(pki.signer.certificate);
  const revoked = await waxseal('process', honest());
  assert.equal(revoked.code, 3);
  assert.match(revoked.err, /ERR_WSS_CERTIFICATE_REVOKED/);
});

test('explain asks, and says whom, about whom, and what they said', async () => {
  const good = await waxseal('explain', honest());
  assert.equal(good.code, 0, good.out);
  assert.ok(good.out.includes(`OCSP: asked ${responder.url} about CN=signer,O=Waxseal,C=DE: good\n`), good.out);
  assert.match(good.out, /Signature 1, key: trusted: CN=signer,O=Waxseal,C=DE\n/);
  assert.equal(responder.requests.length, 1);
  responder.revokes(pki.signer.certificate);
  const revoked = await waxseal('explain', honest());
  assert.equal(revoked.code, 3);
  assert.match(revoked.out, /about CN=signer,O=Waxseal,C=DE: revoked\n/);
  assert.match(
    revoked.out,
    /WRONG Signature 1, key: the certificate of CN=signer.* is revoked: OCSP says so\n(?! *likely)/,
  );
  assert.match(revoked.out, /refused: ERR_WSS_CERTIFICATE_REVOKED/);
  responder.instead = () => 500;
  const unavailable = await waxseal('explain', honest());
  responder.instead = undefined;
  assert.match(unavailable.out, /unavailable \(.*HTTP status 500\)/);
  assert.match(unavailable.out, /refused: ERR_WSS_REVOCATION_UNKNOWN/);
});

test('explain asks nobody about a signature that is wrong, and says so', async () => {
  const stolen = envelope(security(token(pki.signer) + timestamp() + signature()));
  const { code, out } = await waxseal('explain', seal(stolen, pki.untrusted.key));
  assert.equal(code, 3);
  assert.match(out, /Signature 1, key: trusted: CN=signer.*, if it is not revoked: no OCSP responder was asked/);
  assert.match(out, /WRONG Signature 1, SignatureValue/);
  assert.equal(responder.requests.length, 0);
});
