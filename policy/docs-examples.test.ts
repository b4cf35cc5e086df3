/** The YAML in the documentation, as `waxseal validate` sees it: policies, token services, and pieces of a policy's spec. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { parseManifests } from './load.ts';
import { formatProblem } from './problem.ts';
import { resolve } from './resolve.ts';

const root = new URL('../', import.meta.url);
const files = ['README.md', ...readdirSync(new URL('docs', root)).map((name) => `docs/${name}`)].filter((file) =>
  file.endsWith('.md'),
);
/** Those that explain a policy by showing one; an example that is no longer found here is one that is no longer checked. */
const SHOW_POLICIES = [
  'README.md',
  'docs/attachments.md',
  'docs/basic-security-profile.md',
  'docs/certificates.md',
  'docs/kerberos.md',
  'docs/kubernetes.md',
  'docs/saml.md',
  'docs/symmetric-binding.md',
  'docs/token-services.md',
];
const OURS = /^kind: (WSSecurityPolicy|SecurityTokenService)$/m;
/** How a piece of a policy begins, and where in the spec it belongs. */
const PIECE = /^(verify|secure|request|response|limits|replay):/;

interface Block {
  readonly file: string;
  readonly line: number;
  readonly yaml: string;
}

/** The blocks that hold something of ours, with their place. */
function blocksOf(file: string): Block[] {
  const text = readFileSync(new URL(file, root), 'utf8');
  return [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].flatMap(({ 1: content = '', index }) => {
    const line = text.slice(0, index).split('\n').length + 1;
    if (OURS.test(content)) return [{ file, line, yaml: '\n'.repeat(line - 1) + content }];
    return PIECE.test(content) ? [{ file, line, yaml: wrapped(content) }] : [];
  });
}

function wrapped(piece: string): string {
  const content = parse(piece) as Record<string, unknown>;
  const spec = 'verify' in content || 'secure' in content ? { request: content } : content;
  const metadata = { name: 'piece', namespace: 'shop' };
  return stringify({ apiVersion: 'waxseal.dev/v1alpha1', kind: 'WSSecurityPolicy', metadata, spec });
}

const blocks = files.flatMap(blocksOf);

for (const { file, line, yaml } of blocks) {
  test(`${file}:${line}`, () => {
    const { manifests, problems } = parseManifests(yaml, file);
    // The documentation does not show the keys that it speaks of. Notes are about things that only a cluster understands.
    const said = [...problems, ...resolve(manifests).problems].filter(
      ({ reason, severity }) => severity !== 'note' && reason !== 'InvalidRef' && reason !== 'RefNotPermitted',
    );
    assert.deepEqual(said.map(formatProblem), []);
  });
}

test('nothing that shows a policy has been missed', () => {
  const seen = new Set(blocks.map(({ file }) => file));
  const expected = SHOW_POLICIES.filter((file) => files.includes(file));
  assert.deepEqual([...seen].sort(), expected.sort());
});
