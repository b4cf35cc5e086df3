/** Writes what is made from the CRDs. */

import { writeFileSync } from 'node:fs';
import { generatedFiles } from '../crds/generated-files.ts';

for (const [file, text] of await generatedFiles()) writeFileSync(new URL(`../${file}`, import.meta.url), text);
