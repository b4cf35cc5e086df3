import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { createKeys, keyManifests } from '../examples/demo/key-manifests.ts';
import { loadPolicies } from '../extproc/pipeline/load-policies.ts';

const examples = path.join(import.meta.dirname, '../examples/policies');

test('the example policies work with the keys that the demo makes, and nothing is to be said of them', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'waxseal-examples-'));
  try {
    writeFileSync(path.join(folder, 'keys.yaml'), keyManifests(createKeys(), ['shop']));
    const { policies, problems } = await loadPolicies([examples, folder], Date.now());
    assert.deepEqual(
      problems.filter(({ reason }) => reason !== 'CertificateExpiring'),
      [],
    );
    assert.deepEqual([...policies.keys()], ['shop/customers', 'shop/orders', 'shop/partner']);
    for (const policy of policies.values()) assert.equal(policy.broken, undefined);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
