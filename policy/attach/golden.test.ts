/** testdata/NAME.in.yaml, a cluster -> testdata/NAME.out.yaml; UPDATE_GOLDEN=1 writes what comes out. */

import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { inventoryOf } from './inventory.ts';
import { parseManifests } from '../load.ts';
import type { KubernetesObject } from '../kubernetes.ts';
import { planAttachment, type AttachOptions } from './plan.ts';

const folder = path.join(import.meta.dirname, 'testdata');
const options: AttachOptions = {
  systemNamespace: 'waxseal-system',
  service: { name: 'waxseal-extproc', port: 9002, selector: { 'app.kubernetes.io/component': 'extproc' } },
  messageTimeout: '10s',
};

for (const name of globSync('*.in.yaml', { cwd: folder }).sort()) {
  test(`testdata/${name}`, () => {
    const { manifests, problems } = parseManifests(readFileSync(path.join(folder, name), 'utf8'), name);
    assert.deepEqual(problems, []);
    const objects = manifests.map(({ object }) => object as unknown as KubernetesObject);
    const planned = planAttachment(inventoryOf(objects), options);
    const result: unknown = JSON.parse(
      JSON.stringify({ policies: Object.fromEntries(planned.policies), objects: planned.objects }),
    );
    const golden = path.join(folder, name.replace('.in.yaml', '.out.yaml'));
    if (process.env.UPDATE_GOLDEN === '1') {
      writeFileSync(golden, stringify(result, { lineWidth: 0, aliasDuplicateObjects: false }));
    }
    assert.deepEqual(result, parse(readFileSync(golden, 'utf8')));
    const reversed = planAttachment(inventoryOf(objects.toReversed()), options);
    assert.deepEqual(reversed.policies, planned.policies, 'the order of the objects matters');
  });
}
