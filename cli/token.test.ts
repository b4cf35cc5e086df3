import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fault, TrustResponder } from '../test/support/trust-responder.ts';
import { runCommand, type CommandResult } from '../test/support/waxseal-command.ts';
import { tokenCommand } from './token.ts';

let folder: string;
let sts: TrustResponder;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'token-'));
  sts = await TrustResponder.start();
});
afterEach(async () => {
  await sts.close();
  await rm(folder, { recursive: true });
});

interface Manifest {
  readonly kind: string;
  readonly name: string;
  readonly content: object;
}

async function manifests(...all: readonly Manifest[]): Promise<void> {
  const documents = all.map(({ kind, name, content }) => ({
    apiVersion: kind === 'Secret' ? 'v1' : 'waxseal.dev/v1alpha1',
    ...{ kind, metadata: { name, namespace: 'shop' }, ...content },
  }));
  await writeFile(path.join(folder, 'all.yaml'), documents.map((one) => JSON.stringify(one)).join('\n---\n'));
}

const service = (spec: object): Manifest => ({ kind: 'SecurityTokenService', name: 'sts', content: { spec } });
const secret = (name: string, username: string, password = 'sesame'): Manifest => ({
  ...{ kind: 'Secret', name },
  content: { stringData: { username, password } },
});
const wsTrust = (more: object = {}): object => ({
  ...{ url: sts.url, version: '1.3', soapVersion: '1.2' },
  authentication: { usernameToken: { passwordType: 'Text' } },
  ...more,
});
const pool = [
  { name: 'acme', when: { all: [{ source: 'Path', operator: 'Exists' }] }, secretRef: { name: 'acme' } },
  { name: 'prod', environments: ['prod'], secretRef: { name: 'prod' } },
  { name: 'rest', default: true, secretRef: { name: 'rest' } },
];

async function ready(more: object = {}, credentials: object = pool): Promise<void> {
  const secrets = ['acme', 'prod', 'rest'].map((name) => secret(name, `user-${name}`));
  await manifests(service({ wsTrust: wsTrust(more), credentials }), ...secrets);
}

const token = (...args: string[]): Promise<CommandResult> =>
  runCommand(tokenCommand(), ['--config', folder, '--service', 'shop/sts', ...args]);

/** Nothing that it printed is the token, a secret, or where it came from. */
function tellsNothing({ out, err }: CommandResult): void {
  assert.doesNotMatch(out + err, /Assertion xmlns|>secret<|sesame|user-|127\.0\.0\.1|elsewhere|tenant/);
}

test('what the token is, and never the token', async () => {
  await ready();
  const result = await token();
  assert.equal(result.code, 0, result.err);
  tellsNothing(result);
  const { milliseconds, sha256, bytes, obtained, expires, ...rest } = JSON.parse(result.out) as Record<string, unknown>;
  assert.deepEqual(rest, {
    ...{ operation: 'issue', tokenType: 'SAML2', keyType: 'Bearer', reference: 'KeyIdentifier' },
    element: '{urn:oasis:names:tc:SAML:2.0:assertion}Assertion',
  });
  assert.ok(Number.isInteger(milliseconds) && Number.isInteger(bytes));
  assert.match(String(sha256), /^[0-9a-f]{64}$/);
  assert.ok(Date.parse(String(expires)) - Date.parse(String(obtained)) <= 300_000);
});

test('the token itself goes to a new file that nobody else can read', async () => {
  await ready();
  const file = path.join(folder, 'token.xml');
  const result = await token('--output', file);
  const { sha256 } = JSON.parse(result.out) as { sha256: string };
  const octets = await readFile(file);
  assert.equal(createHash('sha256').update(octets).digest('hex'), sha256);
  assert.match(octets.toString(), /^<a:Assertion/);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const again = await token('--output', file);
  assert.equal(again.code, 2);
  assert.match(again.err, /token\.xml cannot be written \(EEXIST\); name a file that does not exist yet/);
});

test('renew, validate and cancel get a token first', async () => {
  await ready();
  for (const operation of ['renew', 'validate', 'cancel']) {
    const result = await token('--operation', operation);
    assert.equal(result.code, 0, result.err);
    tellsNothing(result);
    const { operation: done, valid } = JSON.parse(result.out) as Record<string, unknown>;
    assert.deepEqual([done, valid], [operation, operation === 'validate' ? true : undefined]);
  }
  const asked = sts.questions.map(({ operation }) => operation);
  assert.deepEqual(asked, ['Issue', 'Renew', 'Issue', 'Validate', 'Issue', 'Cancel']);
});

test('which credential asks', async () => {
  await ready();
  await token();
  await token('--environment', 'prod');
  await token('--environment', 'test');
  await token('--credential', 'acme');
  const users = sts.questions.map(({ body }) => /Username>([^<]*)</.exec(body)?.[1]);
  assert.deepEqual(users, ['user-rest', 'user-prod', 'user-rest', 'user-acme']);
  const wrong = await token('--credential', 'other');
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /shop\/sts has no credential other; name one of them as --credential: acme, prod, rest$/);
  await ready({}, pool.slice(0, 1));
  assert.match((await token()).err, /has a choice of credentials; name one of them as --credential: acme$/);
});

test('a caller in whose name to ask', async () => {
  await ready({ onBehalfOf: 'VerifiedToken' });
  const without = await token();
  assert.equal(without.code, 2);
  assert.match(without.err, /give the caller's token as --caller FILE/);
  const file = path.join(folder, 'caller.xml');
  await writeFile(file, '<?xml version="1.0"?>\n<c:Token xmlns:c="urn:caller">me</c:Token>\n');
  const result = await token('--caller', file);
  assert.equal(result.code, 0, result.err);
  assert.match(sts.questions[0].body, /<wst:OnBehalfOf><c:Token xmlns:c="urn:caller">me<\/c:Token><\/wst:OnBehalfOf>/);
  await writeFile(file, 'me');
  assert.match((await token('--caller', file)).err, /does not hold a token: one XML element/);
  assert.match((await token('--caller', path.join(folder, 'none'))).err, /cannot be read \(ENOENT\)/);
  await ready();
  assert.match((await token('--caller', file)).err, /has neither onBehalfOf nor actAs; leave --caller out/);
});

test('3: there is no token, and what to look at', async () => {
  await ready();
  const refusal = async (): Promise<{ code: string; reason: string }> => {
    const result = await token();
    assert.equal(result.code, 3);
    assert.equal(result.out, '');
    tellsNothing(result);
    return JSON.parse(result.err) as { code: string; reason: string };
  };
  sts.instead = ({ soap }) => fault(soap, 'FailedAuthentication');
  assert.deepEqual(await refusal(), {
    code: 'ERR_STS_FAULT',
    reason:
      'the token service answered with the Fault FailedAuthentication; check the user name and password, or the key, of the credential',
  });
  sts.instead = ({ soap }) => fault(soap, 'BadRequest');
  assert.match((await refusal()).reason, /Fault BadRequest; check authentication, appliesTo and claims/);
  sts.instead = () => ({ status: 503, body: '' });
  assert.deepEqual((await refusal()).code, 'ERR_STS_STATUS');
  assert.equal(sts.questions.length, 3, 'each asked once');
  await sts.close();
  assert.match((await refusal()).reason, /\(ECONNREFUSED\); check its url/);
});

test('2: what is wrong with the configuration, and where', async () => {
  await ready();
  const other = await runCommand(tokenCommand(), ['--config', folder, '--service', 'shop/other']);
  assert.equal(other.code, 2);
  assert.match(other.err, /has no SecurityTokenService shop\/other; it has: shop\/sts$/);

  await manifests(service({ wsTrust: wsTrust({ version: '9' }) }));
  const invalid = await token();
  assert.equal(invalid.code, 2);
  assert.match(invalid.err, /shop\/sts cannot be used:\n.*all\.yaml:1:\d+: error: spec\.wsTrust\.version: /);

  await manifests(service({ wsTrust: wsTrust(), credentials: pool.slice(2) }), secret('rest', ''));
  const empty = await token();
  assert.equal(empty.code, 2);
  assert.match(
    empty.err,
    /cannot be used:\n.*spec\.credentials\[0\]\.secretRef: Secret rest, key username: is missing or empty/,
  );
});

test('an external service', async () => {
  const external = { url: sts.url, method: 'GET' };
  await manifests(service({ external }));
  sts.instead = () => ({ body: '<t:Token xmlns:t="urn:own">secret</t:Token>' });
  const result = await token();
  assert.equal(result.code, 0, result.err);
  tellsNothing(result);
  const { element, tokenType } = JSON.parse(result.out) as Record<string, unknown>;
  assert.deepEqual([element, tokenType], ['{urn:own}Token', undefined]);
  assert.match(
    (await token('--operation', 'renew')).err,
    /is external, and can only issue; leave --operation renew out/,
  );
});
