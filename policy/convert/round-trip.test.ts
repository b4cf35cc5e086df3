/** WSDL -> policy -> WSDL for a partner -> policy: the second policy is the first. */

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { parseManifests } from '../load.ts';
import { formatFinding } from './finding.ts';
import { printSecurityPolicy } from './partner/print.ts';
import { convertSecurityPolicy } from './security-policy/convert.ts';
import type { Side } from './security-policy/side.ts';

const folder = path.join(import.meta.dirname, 'testdata');
const naming = { name: 'orders', namespace: 'shop' };

function toPolicies(file: string, bytes: Buffer, side: Side): { yaml: string; specs: Map<string, unknown> } {
  const { yaml } = convertSecurityPolicy({ file, bytes }, { side, naming, include: [] });
  const objects = parseAllDocuments(yaml).map(
    (document) => document.toJS() as { kind: string; metadata: { name: string }; spec: object },
  );
  const specs = objects.map(({ kind, metadata, spec }): [string, unknown] => [
    `${kind} ${metadata.name}`,
    withoutPlace(spec),
  ]);
  return { yaml, specs: new Map(specs) };
}

/** The printed WSDL stands for all operations, at an address that its user writes in. */
function withoutPlace(spec: object): unknown {
  return JSON.parse(
    JSON.stringify(spec, (key, value: unknown) =>
      ['when', 'unmatched', 'appliesTo'].includes(key) ? undefined : value,
    ),
  );
}

/** Tokens and signatures that are not put into words of WS-SecurityPolicy: the printed policy names them as not expressed. */
const UNSAID = /^(issued-transport|kerberos-|saml-|symmetric-(issued|kerberos)|metro-issued-token.wsdl service)/;

for (const name of globSync('*.{wsdl,xml}', { cwd: folder }).sort()) {
  // Nothing of a conversation can be expressed, so that there is nothing to print.
  if (name.startsWith('wcf-secure-conversation')) continue;
  for (const side of ['client', 'service'] as const) {
    if (UNSAID.test(`${name} ${side}`)) continue;
    const first = toPolicies(name, readFileSync(path.join(folder, name)), side);
    for (const [id, spec] of first.specs) {
      if (!id.startsWith('WSSecurityPolicy ') || Object.keys(spec as object).length === 0) continue;
      test(`testdata/${name}: ${side}: ${id}`, () => {
        const policy = id.split(' ')[1] ?? '';
        const { xml, findings } = printSecurityPolicy(parseManifests(first.yaml).manifests, `shop/${policy}`, side);
        const second = toPolicies('printed.wsdl', Buffer.from(xml), side);
        const printed = second.specs.get('WSSecurityPolicy orders');
        const named = JSON.parse(JSON.stringify(printed).replaceAll('"orders-', `"${policy}-`)) as unknown;
        assert.deepEqual(named, spec, `${xml}\n${findings.map(formatFinding).join('\n')}`);
        const service = first.specs.get('SecurityTokenService orders-sts');
        if (service !== undefined) assert.deepEqual(second.specs.get('SecurityTokenService orders-sts'), service);
      });
    }
  }
}
