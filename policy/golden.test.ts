/** testdata/NAME.in.yaml -> testdata/NAME.out.yaml; UPDATE_GOLDEN=1 writes what comes out. */

import assert from 'node:assert/strict';
import { readFileSync, globSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { parseManifests } from './load.ts';
import { formatProblem } from './problem.ts';
import { resolve } from './resolve.ts';

const folder = path.join(import.meta.dirname, 'testdata');

for (const name of globSync('*.in.yaml', { cwd: folder }).sort()) {
  test(`testdata/${name}`, () => {
    const { manifests, problems: unreadable } = parseManifests(readFileSync(path.join(folder, name), 'utf8'), name);
    const { bundle, problems } = resolve(manifests);
    const result: unknown = JSON.parse(
      JSON.stringify({ problems: [...unreadable, ...problems].map(formatProblem), bundle }),
    );
    const golden = path.join(folder, name.replace('.in.yaml', '.out.yaml'));
    if (process.env.UPDATE_GOLDEN === '1') {
      writeFileSync(golden, stringify(result, { lineWidth: 0, aliasDuplicateObjects: false }));
    }
    assert.deepEqual(result, parse(readFileSync(golden, 'utf8')));
  });
}
