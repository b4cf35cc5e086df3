/** Writes crds/types.ts from the CRD. */

import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { generateTypes } from '../crds/generate-types.ts';

const root = new URL('../', import.meta.url);
const target = new URL('crds/types.ts', root);
const source = readFileSync(new URL('crds/waxseal.dev_wssecuritypolicies.yaml', root), 'utf8');
const style = await resolveConfig(target);
writeFileSync(target, await format(generateTypes(source), { ...style, parser: 'typescript' }));
