import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { generatedFiles } from './generated-files.ts';

for (const [file, text] of await generatedFiles()) {
  test(`${file} is what the CRD says (npm run generate)`, () => {
    assert.equal(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8'), text);
  });
}
