/** Writes what is made from the CRD (crds/types.ts, docs/policy-reference.md) and what the chart has of other files. */

import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { generateChart } from '../charts/generate.ts';
import { generateReference } from '../crds/generate-reference.ts';
import { generateTypes } from '../crds/generate-types.ts';

const root = new URL('../', import.meta.url);
const types = new URL('crds/types.ts', root);
const crd = readFileSync(new URL('crds/waxseal.dev_wssecuritypolicies.yaml', root), 'utf8');
const style = await resolveConfig(types);
writeFileSync(types, await format(generateTypes(crd), { ...style, parser: 'typescript' }));
writeFileSync(new URL('docs/policy-reference.md', root), generateReference(crd));
for (const [path, content] of generateChart(root)) writeFileSync(new URL(path, root), content);
