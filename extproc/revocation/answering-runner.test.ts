import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { OcspResponder } from '../../test/support/ocsp-responder.ts';
import { compilePolicies, pki, soapMessage, SPECS } from '../../test/support/policies.ts';
import { certificateId } from '../keys/ocsp/identity.ts';
import type { Job, JobResult } from '../pipeline/engine.ts';
import { inlineRunner, poolRunner } from '../pipeline/runner.ts';
import { WorkerPool } from '../pipeline/worker-pool.ts';
import { EMPTY_EXCHANGE } from '../wss/exchange-state.ts';

const job = (bytes: Uint8Array): Job => ({
  ...({ phase: 'request', codings: [], soapVersion: '1.1', exchange: EMPTY_EXCHANGE, now: Date.now() } as const),
  bytes,
});
const here = () => false;

/** Answers for both authorities of the test certificates. */
async function startResponder(t: TestContext): Promise<OcspResponder> {
  const responder = await OcspResponder.start({ issuer: pki.intermediate });
  t.after(() => responder.close());
  responder.knows(pki.signer.certificate, pki.intermediate.certificate);
  const { issuerKeyHash } = certificateId(pki.intermediate.certificate, pki.ca.certificate);
  responder.instead = (request) => {
    responder.options = { issuer: request.includes(issuerKeyHash) ? pki.ca : pki.intermediate };
    return responder.answer(request);
  };
  return responder;
}

function policiesAsking(responderUrl: string, onUnavailable = 'Refuse') {
  const { verify } = SPECS.decrypt.request;
  const signature = { ...verify.signature, revocation: { ocsp: { responderUrl, onUnavailable } } };
  const { bundle, policies } = compilePolicies({
    encrypt: SPECS.encrypt,
    decrypt: { request: { verify: { ...verify, signature } } },
  });
  const [encrypt, decrypt] = ['shop/encrypt', 'shop/decrypt'].map((id) => policies.get(id));
  assert.ok(encrypt && decrypt);
  return { bundle, encrypt, decrypt };
}

const codeOf = (result: JobResult): string => (result.kind === 'failed' ? result.failure.code : result.kind);

for (const threads of [0, 1]) {
  test(`a job waits for the responder and is done again, ${threads === 0 ? 'in place' : 'in a thread'}`, async (t) => {
    const responder = await startResponder(t);
    const pool = new WorkerPool({ size: threads, onLost: (error) => assert.fail(String(error)) });
    t.after(() => pool.close());
    const { bundle, encrypt, decrypt } = policiesAsking(responder.url);
    for (const policy of bundle.policies) pool.addPolicy(policy);
    const runner = poolRunner(pool);
    const large = `<a>${'x'.repeat(300_000)}</a>`;
    for (const content of ['<a/>', large]) {
      const secured = await inlineRunner.run(encrypt, job(soapMessage(content)), here);
      assert.ok(secured.kind === 'done' && secured.bytes);
      const result = await runner.run(decrypt, job(new Uint8Array(secured.bytes)), here);
      assert.ok(result.kind === 'done' && result.bytes, codeOf(result));
      assert.ok(Buffer.from(result.bytes).includes(content));
      assert.equal(responder.requests.length, 2, 'the signer and its authority, once for both messages');
    }
  });
}

test('a revoked signer is refused, and so is one of whom nobody can be asked', async (t) => {
  const responder = await startResponder(t);
  const { encrypt, decrypt } = policiesAsking(responder.url);
  const secured = await inlineRunner.run(encrypt, job(soapMessage()), here);
  assert.ok(secured.kind === 'done' && secured.bytes);
  const { bytes } = secured;
  responder.revokes(pki.signer.certificate);
  assert.equal(codeOf(await inlineRunner.run(decrypt, job(bytes), here)), 'ERR_WSS_CERTIFICATE_REVOKED');
  const dead = 'http://127.0.0.1:1/';
  const refusing = policiesAsking(dead).decrypt;
  assert.equal(codeOf(await inlineRunner.run(refusing, job(bytes), here)), 'ERR_WSS_REVOCATION_UNKNOWN');
  const allowing = policiesAsking(dead, 'Allow').decrypt;
  assert.equal(codeOf(await inlineRunner.run(allowing, job(bytes), here)), 'done');
});
