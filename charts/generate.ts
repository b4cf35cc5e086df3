/** What of the chart is made from other files: the copies of the CRDs, the schema of values, the table in its README. */

import { readdirSync, readFileSync } from 'node:fs';
import { generateSchema, withValuesTable } from './generate-values.ts';

/**
 * @param root of the checkout, with a slash at its end
 * @returns the content of each generated file by its path from the root
 */
export function generateChart(root: URL): Map<string, string> {
  const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
  const values = read('charts/waxseal/values.yaml');
  const files = new Map([
    ['charts/waxseal/values.schema.json', `${JSON.stringify(generateSchema(values), undefined, 2)}\n`],
    ['charts/waxseal/README.md', withValuesTable(read('charts/waxseal/README.md'), values)],
  ]);
  for (const crd of readdirSync(new URL('crds/', root)).filter((name) => name.endsWith('.yaml'))) {
    files.set(`charts/waxseal/crds-files/${crd}`, read(`crds/${crd}`));
  }
  return files;
}
