/** What is made of the CRDs, file by file. */

import { readFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { generateReference, presetTable } from './generate-reference.ts';
import { generateTypes } from './generate-types.ts';

const root = new URL('../', import.meta.url);

/** The generated text of each file, by its path from the root of the project. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const policy = read('crds/waxseal.dev_wssecuritypolicies.yaml');
  const tokenService = read('crds/waxseal.dev_securitytokenservices.yaml');
  const style = await resolveConfig(new URL('crds/types.ts', root));
  const types = (crd: string): Promise<string> => format(generateTypes(crd), { ...style, parser: 'typescript' });
  return new Map([
    ['crds/types.ts', await types(policy)],
    ['crds/token-service-types.ts', await types(tokenService)],
    [
      'docs/policy-reference.md',
      generateReference(policy, '`response` has the same fields as `request`.', presetTable()),
    ],
    [
      'docs/token-service-reference.md',
      generateReference(tokenService, 'It is checked, and no policy can use it yet.'),
    ],
  ]);
}

function read(file: string): string {
  return readFileSync(new URL(file, root), 'utf8');
}
