/** Writes what is made from the CRDs, and what the chart has of other files. */

import { writeFileSync } from 'node:fs';
import { generateChart } from '../charts/generate.ts';
import { generatedFiles } from '../crds/generated-files.ts';

const root = new URL('../', import.meta.url);
for (const [file, text] of [...(await generatedFiles()), ...generateChart(root)]) {
  writeFileSync(new URL(file, root), text);
}
