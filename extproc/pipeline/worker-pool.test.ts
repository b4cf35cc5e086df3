import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { compilePolicies, soapMessage, SPECS } from '../../test/support/policies.ts';
import { EMPTY_EXCHANGE } from '../wss/exchange-state.ts';
import type { Job, JobDone, JobResult, RevocationNeeded } from './engine.ts';
import { inlineRunner, poolRunner } from './runner.ts';
import { WorkerPool } from './worker-pool.ts';

const { bundle, policies } = compilePolicies({ sign: SPECS.sign, decrypt: SPECS.decrypt, encrypt: SPECS.encrypt });

function job(bytes: Uint8Array = soapMessage()): Job {
  return { phase: 'request', bytes, codings: [], soapVersion: '1.1', exchange: EMPTY_EXCHANGE, now: Date.now() };
}

const here = () => false;

function done(result: JobResult | RevocationNeeded): JobDone {
  assert.ok(result.kind === 'done', JSON.stringify(result));
  return result;
}

const TEST_PROGRAM = new URL('testdata/worker.ts', import.meta.url);

function start(t: TestContext, size: number, program?: URL) {
  const losses: unknown[] = [];
  const pool = new WorkerPool({ size, onLost: (error) => losses.push(error), ...(program && { program }) });
  t.after(() => pool.close());
  return { pool, losses };
}

test('a thread does what is done in place, for small messages and for large ones', async (t) => {
  const { pool } = start(t, 1);
  for (const policy of bundle.policies) pool.addPolicy(policy);
  const runner = poolRunner(pool);
  const [sign, encrypt, decrypt] = ['shop/sign', 'shop/encrypt', 'shop/decrypt'].map((id) => policies.get(id));
  assert.ok(sign && encrypt && decrypt);
  const large = Buffer.concat([Buffer.from('<a>'), Buffer.alloc(300_000, 'x'), Buffer.from('</a>')]).toString();
  for (const content of ['<a/>', large]) {
    const message = soapMessage(content);
    // Transferred to the thread: not ours any more.
    const own = Buffer.from(new Uint8Array(message).buffer);
    const encrypted = done(await runner.run(encrypt, job(own), here));
    assert.equal(own.length, content === '<a/>' ? message.length : 0);
    assert.ok(encrypted.bytes && !Buffer.from(encrypted.bytes).includes(content));
    const decrypted = done(await runner.run(decrypt, job(encrypted.bytes), here));
    assert.ok(decrypted.bytes && Buffer.from(decrypted.bytes).includes(content));
    assert.deepEqual(decrypted.exchange.verifiedSignatures, encrypted.exchange.sentSignatures);
    assert.equal(decrypted.replay.length, 1);
    assert.match(
      Buffer.from(done(await inlineRunner.run(sign, job(message), here)).bytes ?? []).toString(),
      /<ds:Signature /,
    );
  }
  const refused = await runner.run(decrypt, job(), here);
  assert.ok(refused.kind === 'failed');
  assert.equal(refused.failure.code, 'ERR_WSS_SECURITY_HEADER_MISSING');
});

test('a message whose thread dies is refused, and the next has another thread', async (t) => {
  const { pool, losses } = start(t, 1, TEST_PROGRAM);
  const dying = pool.run('die', job(), false, here);
  const waiting = pool.run('any', job(), false, here);
  const result = await dying;
  assert.ok(result.kind === 'failed');
  assert.equal(result.failure.code, 'ERR_WORKER_LOST');
  done(await waiting);
  assert.equal(losses.length, 1);
});

test('large messages do not hold up small ones, and small ones go first', async (t) => {
  const { pool } = start(t, 2, TEST_PROGRAM);
  const order: string[] = [];
  const run = (name: string, version: string, large: boolean) =>
    pool.run(version, job(), large, here).then((result) => {
      order.push(name);
      return done(result).exchange.sentSignatures[0];
    });
  const large = [1, 2, 3, 4].map((number) => run(`large ${number}`, 'slow', true));
  const small = [1, 2, 3].map((number) => run(`small ${number}`, 'any', false));
  assert.equal(pool.queued, 4);
  const threads = await Promise.all([...large, ...small]);
  assert.deepEqual(order.slice(0, 3), ['small 1', 'small 2', 'small 3']);
  assert.equal(new Set(threads.slice(0, 4)).size, 2, 'two threads for the large');
  assert.equal(new Set(threads.slice(4)).size, 1, 'one more for the small');
});

test('without threads everything is done in place', async (t) => {
  const { pool } = start(t, 0);
  for (const policy of bundle.policies) pool.addPolicy(policy);
  const encrypt = policies.get('shop/encrypt');
  assert.ok(encrypt);
  const runner = poolRunner(pool);
  done(await runner.run(encrypt, job(soapMessage(`<a>${'x'.repeat(300_000)}</a>`)), here));
});

test('what nobody waits for is not begun', async (t) => {
  const { pool } = start(t, 1, TEST_PROGRAM);
  const first = pool.run('slow', job(), false, here);
  const second = pool.run('die', job(), false, () => true);
  done(await first);
  const result = await second;
  assert.ok(result.kind === 'failed');
  assert.equal(result.failure.code, 'ERR_ABANDONED');
});

test('a thread gets a policy with its first job, once, until it is retired; so does the thread that takes its place', async (t) => {
  const { pool } = start(t, 1, TEST_PROGRAM);
  const known = async (version: string) =>
    done(await pool.run(version, job(), false, here)).exchange.verifiedSignatures;
  const [one, two] = bundle.policies.map((policy, index) => ({ ...policy, version: ['one', 'two'][index] ?? '' }));
  assert.ok(one && two);
  pool.addPolicy(one);
  pool.addPolicy(two);
  assert.deepEqual(await known('none'), []);
  assert.deepEqual(await known('two'), ['two']);
  assert.deepEqual(await known('one'), ['two', 'one']);
  pool.retirePolicy('two');
  assert.deepEqual(await known('two'), ['one']);
  await pool.run('die', job(), false, here);
  assert.deepEqual(await known('none'), []);
  assert.deepEqual(await known('one'), ['one']);
});

test('closing fails what is not done', async (t) => {
  const { pool } = start(t, 1, TEST_PROGRAM);
  const jobs = [1, 2].map(() => pool.run('slow', job(), false, here));
  await pool.close();
  for (const result of await Promise.all(jobs)) assert.equal(result.kind, 'failed');
});
