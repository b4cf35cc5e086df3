/** testdata/NAME.wsdl (or a policy alone, NAME.xml) -> NAME.client.yaml and NAME.service.yaml; UPDATE_GOLDEN=1 writes what comes out. */

import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseManifests } from '../load.ts';
import { formatProblem } from '../problem.ts';
import { resolve } from '../resolve.ts';
import { formatFinding } from './finding.ts';
import { convertSecurityPolicy } from './security-policy/convert.ts';

const folder = path.join(import.meta.dirname, 'testdata');

for (const name of globSync('*.{wsdl,xml}', { cwd: folder }).sort()) {
  for (const side of ['client', 'service'] as const) {
    test(`testdata/${name}: ${side}`, () => {
      const bytes = readFileSync(path.join(folder, name));
      const naming = { name: path.parse(name).name, namespace: 'shop' };
      const { yaml, findings } = convertSecurityPolicy({ file: name, bytes }, { side, naming, include: [] });
      const result = `${yaml}---\n${findings.map((finding) => `# ${formatFinding(finding)}\n`).join('')}`;
      const golden = path.join(folder, `${path.parse(name).name}.${side}.yaml`);
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, result);
      assert.equal(result, readFileSync(golden, 'utf8'));
      const invalid = findings.some(({ code }) => code === 'Invalid');
      assert.equal(problemsOf(yaml).length > 0, invalid, problemsOf(yaml).join('\n'));
    });
  }
}

/** What `waxseal validate` says besides that the objects which a person must make are missing. */
function problemsOf(yaml: string): string[] {
  const { manifests, problems } = parseManifests(yaml);
  const all = [...problems, ...resolve(manifests).problems];
  return all.filter(({ severity, reason }) => severity === 'error' && reason !== 'InvalidRef').map(formatProblem);
}
