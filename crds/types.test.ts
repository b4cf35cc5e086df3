import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { format, resolveConfig } from 'prettier';
import { generateReference } from './generate-reference.ts';
import { generateTypes } from './generate-types.ts';

const root = new URL('../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');
const crd = read('crds/waxseal.dev_wssecuritypolicies.yaml');

test('crds/types.ts is what the CRD says (npm run generate)', async () => {
  const style = await resolveConfig(new URL('crds/types.ts', root));
  assert.equal(read('crds/types.ts'), await format(generateTypes(crd), { ...style, parser: 'typescript' }));
});

test('docs/policy-reference.md is what the CRD says (npm run generate)', () => {
  assert.equal(read('docs/policy-reference.md'), generateReference(crd));
});
