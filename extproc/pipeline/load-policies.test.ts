import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { createPki, type Identity } from '../../test/support/pki.ts';
import { loadPolicies } from './load-policies.ts';

const pki = createPki();

const POLICY = `apiVersion: waxseal.dev/v1alpha1
kind: WSSecurityPolicy
metadata: { name: p }
spec:
  request:
    verify:
      timestamp: {}
      signature:
        trustRefs:
          - { name: both, pin: PIN }
`;

/** Both an authority and a certificate it did not issue, as cert-manager lays a Secret out. */
const SECRET = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'both' },
  stringData: { 'ca.crt': pki.ca.certificatePem, 'tls.crt': pki.untrusted.certificatePem },
});

async function loadText(...texts: string[]): ReturnType<typeof loadPolicies> {
  const folder = mkdtempSync(path.join(tmpdir(), 'waxseal-policies-'));
  try {
    texts.forEach((text, index) => writeFileSync(path.join(folder, `${index}.yaml`), text));
    return await loadPolicies([folder], Date.UTC(2026, 0));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('what only compiling finds out has a place in the file as well', async () => {
  const { problems } = await loadText(POLICY.replace('PIN', 'false'), SECRET.replace('ca.crt', 'ca.pem'));
  assert.equal(problems.length, 1);
  const [{ file, line, column, message, policy }] = problems;
  assert.deepEqual([path.basename(file ?? ''), line, column, policy], ['0.yaml', 10, 13, 'default/p']);
  assert.match(message, /Secret both, key tls.crt: holds no certification authority/);
});

for (const [pin, trusted, refused] of [
  ['true', [pki.untrusted], [pki.signer, pki.intermediate]],
  ['false', [pki.signer, pki.intermediate], [pki.untrusted]],
] as const) {
  test(`pin: ${pin} trusts what it says of a Secret that holds both`, async () => {
    const { policies, problems } = await loadText(POLICY.replace('PIN', pin), SECRET);
    assert.deepEqual(problems, []);
    const trust = policies.get('default/p')?.request.verify?.signature?.trust ?? assert.fail();
    const certificates = (chain: readonly Identity[]) => chain.map(({ certificate }) => certificate);
    trust.validate(certificates(trusted), Date.UTC(2026, 0));
    assert.throws(() => trust.validate(certificates(refused), Date.UTC(2026, 0)), {
      code: 'ERR_WSS_CERTIFICATE_UNTRUSTED',
    });
  });
}

test('problems stand in the order of the files', async () => {
  const bad = (name: string): string =>
    `apiVersion: waxseal.dev/v1alpha1\nkind: WSSecurityPolicy\nmetadata: { name: ${name} }\nspec:\n  a: 1\n  b: 2\n`;
  const { problems } = await loadText(bad('z'), bad('a'));
  assert.deepEqual(
    problems.map(({ file, line }) => [path.basename(file ?? ''), line]),
    [
      ['0.yaml', 5],
      ['0.yaml', 6],
      ['1.yaml', 5],
      ['1.yaml', 6],
    ],
  );
});
