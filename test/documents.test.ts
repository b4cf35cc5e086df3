/** What the documents refer to is there: pages that they link to, and the tests that they name as proof. */

import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');
const pages = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'charts/**/*.md'], { cwd: ROOT });

for (const page of pages) {
  test(`${page} refers to nothing that is not there`, () => {
    const text = readFileSync(join(ROOT, page), 'utf8').replace(/^```.*?^```/gms, '');
    const links = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].flatMap(([, to]) =>
      /^[a-z]+:/.test(to) ? [] : [join(ROOT, dirname(page), to)],
    );
    const files = [...text.matchAll(/`([\w./-]+\/[\w.-]+\.ts)`/g)].map(([, path]) => join(ROOT, path));
    assert.deepEqual(
      [...links, ...files].filter((path) => !existsSync(path)),
      [],
    );
  });
}
