/** What is in testdata -> what stands there beside it; UPDATE_GOLDEN=1 writes what comes out. */

import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseManifests } from '../load.ts';
import { formatProblem } from '../problem.ts';
import { resolve } from '../resolve.ts';
import { convertApinizer } from './apinizer/apinizer.ts';
import { convertBoomi } from './boomi/boomi.ts';
import { formatFinding } from './finding.ts';
import { convertSecurityPolicy, type Conversion } from './security-policy/convert.ts';

const folder = path.join(import.meta.dirname, 'testdata');
const inputs = (pattern: string): string[] => globSync(pattern, { cwd: folder }).sort();
const namingOf = (name: string) => ({ name: path.parse(name).name, namespace: 'shop' });
const textOf = (name: string): string => readFileSync(path.join(folder, name), 'utf8');

for (const name of inputs('*.{wsdl,xml}')) {
  for (const side of ['client', 'service'] as const) {
    test(`testdata/${name}: ${side}`, () => {
      const file = { file: name, bytes: Buffer.from(textOf(name)) };
      check(
        `${path.parse(name).name}.${side}`,
        convertSecurityPolicy(file, { side, naming: namingOf(name), include: [] }),
      );
    });
  }
}

for (const name of inputs('boomi-*.txt')) {
  test(`testdata/${name}`, () => {
    check(path.parse(name).name, convertBoomi(name, textOf(name), namingOf(name)));
  });
}

for (const name of inputs('apinizer-*.json')) {
  test(`testdata/${name}`, () => {
    const result = convertApinizer(name, textOf(name), namingOf(name));
    check(path.parse(name).name, result);
    // The password of all of them.
    assert.doesNotMatch(JSON.stringify(result), /sesame/);
  });
}

function check(name: string, { yaml, findings }: Conversion): void {
  const result = `${yaml}---\n${findings.map((finding) => `# ${formatFinding(finding)}\n`).join('')}`;
  const golden = path.join(folder, `${name}.yaml`);
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, result);
  assert.equal(result, readFileSync(golden, 'utf8'));
  const problems = problemsOf(yaml);
  const invalid = findings.some(({ code }) => code === 'Invalid');
  assert.equal(problems.length > 0, invalid, problems.join('\n'));
}

/** What `waxseal validate` says besides that the objects which a person must make are missing. */
function problemsOf(yaml: string): string[] {
  const { manifests, problems } = parseManifests(yaml);
  const all = [...problems, ...resolve(manifests).problems];
  return all.filter(({ severity, reason }) => severity === 'error' && reason !== 'InvalidRef').map(formatProblem);
}
