import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { multipart, openMultipart, XOP_TYPE } from '../test/support/attachments.ts';
import { manifestFile, soapMessage, SOAP12_NAMESPACE, SPECS } from '../test/support/policies.ts';

const INCLUDE = '<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:a@x"/>';

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'process-'));
  const mutual = {
    ...SPECS.sign,
    response: { verify: { ...SPECS.verifyResponse.response.verify, signatureConfirmation: 'Required' } },
  };
  const confirming = {
    ...SPECS.verify,
    response: { secure: { timestamp: { ttl: '5m' }, signature: { keyRef: { name: 'gateway' }, confirm: true } } },
  };
  const partner = { ...SPECS.verify, when: { all: [{ source: 'Header', name: 'x-partner', operator: 'Exists' }] } };
  const audit = { ...SPECS.verify, mode: 'Audit' };
  await writeFile(path.join(folder, 'policies.yaml'), manifestFile({ ...SPECS, mutual, confirming, partner, audit }));
});
after(() => rm(folder, { recursive: true }));

interface Result {
  readonly code: number | null;
  readonly out: Buffer;
  readonly err: string;
}

function waxseal(args: readonly string[], input: Buffer): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(import.meta.dirname, 'waxseal.js'), ...args]);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out: Buffer.concat(out), err: Buffer.concat(err).toString() }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

const run = (policy: string, input: Buffer, ...args: string[]) =>
  waxseal(['process', '--config', folder, '--policy', `shop/${policy}`, '--phase', 'request', ...args], input);
const respond = (policy: string, input: Buffer, ...args: string[]) =>
  waxseal(['process', '--config', folder, '--policy', `shop/${policy}`, '--phase', 'response', ...args], input);

test('0: what is forwarded; 3: the fault, and one line that says why', async () => {
  const signed = await run('sign', soapMessage(), '--now', '2030-01-31T12:00:00Z');
  assert.equal(signed.code, 0, signed.err);
  assert.match(signed.out.toString(), /<wsu:Created>2030-01-31T12:00:00\.000Z</);
  const verified = await run('verify', signed.out, '--now', '2030-01-31T13:01:00.5+01:00');
  assert.deepEqual([verified.code, verified.err], [0, '']);
  assert.doesNotMatch(verified.out.toString(), /wsse:/);
  const late = await run('verify', signed.out, '--now', '2030-01-31T13:00:00Z');
  assert.equal(late.code, 3);
  assert.match(late.out.toString(), /MessageExpired/);
  assert.equal((JSON.parse(late.err) as { code: string }).code, 'ERR_WSS_TIMESTAMP_EXPIRED');
  assert.deepEqual(Object.keys(JSON.parse(late.err) as object), ['code', 'reason']);
});

test('a multipart message in a pipe', async () => {
  const root = soapMessage(`<a>${INCLUDE}</a>`);
  const header = ['--header', `Content-Type: ${XOP_TYPE}`];
  const part = { header: ['Content-ID: <a@x>'], content: Buffer.from('\x00\xff binary', 'latin1') };
  const signed = await run('sign', multipart(root, [part], XOP_TYPE), ...header);
  assert.equal(signed.code, 0, signed.err);
  assert.ok(signed.out.includes(part.content) && signed.out.includes(INCLUDE));
  const verified = await run('verify', signed.out, ...header);
  assert.equal(verified.code, 0, verified.err);
  assert.deepEqual(openMultipart(verified.out, XOP_TYPE).attachments[0].content(), part.content);
  const changed = Buffer.from(signed.out.toString('latin1').replace('\xff binary', '\xff bin4ry'), 'latin1');
  assert.match((await run('verify', changed, ...header)).err, /ERR_WSS_DIGEST_MISMATCH/);
});

test('large messages, SOAP 1.2 without headers, conditions, and Audit', async () => {
  const large = soapMessage(`<a>${'x'.repeat(3_000_000)}</a>`, SOAP12_NAMESPACE);
  const signed = await run('sign', large);
  assert.equal(signed.code, 0, signed.err);
  assert.ok(signed.out.length > large.length);
  assert.deepEqual((await run('partner', soapMessage())).out, soapMessage());
  assert.equal((await run('partner', soapMessage(), '--header', 'X-Partner: acme')).code, 3);
  const audit = await run('audit', soapMessage());
  assert.deepEqual([audit.code, audit.out], [0, soapMessage()]);
  assert.match(audit.err, /ERR_WSS_SECURITY_HEADER_MISSING/);
});

test('a response with what must be known of its request', async () => {
  const [ours, theirs] = [path.join(folder, 'ours.json'), path.join(folder, 'theirs.json')];
  const sent = await run('mutual', soapMessage(), '--exchange', ours);
  assert.equal((await stat(ours)).mode & 0o077, 0);
  assert.equal((await run('confirming', sent.out, '--exchange', theirs)).code, 0);
  const answer = await respond('confirming', soapMessage('<b/>'), '--exchange', theirs);
  assert.match(answer.out.toString(), /SignatureConfirmation/);
  assert.equal((await respond('mutual', answer.out, '--exchange', ours)).code, 0);
  const unknown = await respond('mutual', answer.out);
  assert.match(unknown.err, /ERR_WSS_SIGNATURE_CONFIRMATION/);
  await writeFile(ours, '[');
  assert.equal((await respond('mutual', answer.out, '--exchange', ours)).code, 2);
});

test('2: usage and configuration errors say what to do', async () => {
  const cases: [string[], RegExp][] = [
    [
      ['process', '--config', folder, '--policy', 'shop/none', '--phase', 'request'],
      /no policy shop\/none; it has: .*shop\/sign/,
    ],
    [['process', '--config', '/nonexistent', '--policy', 'a/b', '--phase', 'request'], /nonexistent/],
    [['process', '--config', folder, '--policy', 'shop/sign', '--phase', 'up'], /request, response/],
    [['process', '--config', folder, '--policy', 'shop/sign', '--phase', 'request', '--now', 'today'], /RFC 3339/],
    [['process', '--config', folder, '--policy', 'shop/sign', '--phase', 'request', '--header', 'x'], /Name: value/],
    [['process', '--config', folder, '--phase', 'request'], /--policy/],
    [['nonsense'], /unknown command/],
    [['extproc', '--config', folder, '--listen', 'x'], /host:port/],
  ];
  for (const [args, message] of cases) {
    const { code, out, err } = await waxseal(args, soapMessage());
    assert.equal(code, 2, args.join(' '));
    assert.match(err, message);
    assert.equal(out.length, 0);
  }
});

test('a service that cannot listen says so and ends', async (t) => {
  const taken = net.createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const address = `127.0.0.1:${(taken.address() as net.AddressInfo).port}`;
  const args = ['extproc', '--config', folder, '--listen', address, '--admin', '127.0.0.1:0', '--log-level', 'fatal'];
  const { code, err } = await waxseal(args, Buffer.alloc(0));
  assert.equal(code, 2);
  assert.match(err, /address already in use/);
});

test('explain says what is wrong, and of what is right that it is', async () => {
  const explain = (policy: string, input: Buffer, ...args: string[]) =>
    waxseal(['explain', '--config', folder, '--policy', `shop/${policy}`, '--phase', 'request', ...args], input);
  const { out: signed } = await run('sign', soapMessage());
  const good = await explain('verify', signed);
  assert.equal(good.code, 0, good.out.toString());
  assert.match(good.out.toString(), /The message verifies/);
  const altered = Buffer.from(signed.toString().replace('>1<', '>2<'));
  const bad = await explain('verify', altered, '--json');
  assert.equal(bad.code, 3);
  const { refusal, findings } = JSON.parse(bad.out.toString()) as {
    refusal: { code: string };
    findings: { ok?: boolean }[];
  };
  assert.equal(refusal.code, 'ERR_WSS_DIGEST_MISMATCH');
  assert.ok(findings.some(({ ok }) => ok === false));
  assert.match((await explain('verify', Buffer.from('<a>'))).out.toString(), /WRONG Message/);
});

test('the launcher and the command it starts are of one package', async () => {
  const { version } = JSON.parse(await readFile(path.join(import.meta.dirname, '../package.json'), 'utf8')) as {
    version: string;
  };
  assert.equal((await waxseal(['--version'], Buffer.alloc(0))).out.toString().trim(), version);
});
