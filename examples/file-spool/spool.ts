/**
 * Applies a policy to the files of a folder: `in/` → `work/` → `out/` or `refused/`. Each step is a rename, so that a
 * crash leaves every message in exactly one place; what is left in `work/` is done again.
 *
 * node examples/file-spool/spool.ts SPOOL CONFIG NAMESPACE/POLICY
 */

import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openEngine, type Engine } from '../../extproc/library.ts';

/** Works on what is there now. @returns the number of messages */
export async function runSpool(engine: Engine, spool: string, policy: string): Promise<number> {
  const folder = (name: string) => path.join(spool, name);
  for (const name of ['in', 'work', 'out', 'refused']) await mkdir(folder(name), { recursive: true });
  // What a crash has left comes first.
  for (const file of await readdir(folder('in'))) {
    if (!file.startsWith('.')) await rename(path.join(folder('in'), file), path.join(folder('work'), file));
  }
  const files = (await readdir(folder('work'))).filter((file) => !file.startsWith('.'));
  for (const file of files) {
    const taken = path.join(folder('work'), file);
    const result = await engine.process({ policy, phase: 'request', body: await readFile(taken) });
    const to = folder(result.accepted ? 'out' : 'refused');
    if (!result.accepted) {
      await writeFile(path.join(to, `${file}.reason`), `${result.code}: ${result.reason}\n`);
    }
    await writeFile(path.join(folder('work'), `.${file}`), result.accepted ? result.body : await readFile(taken));
    await rename(path.join(folder('work'), `.${file}`), path.join(to, file));
    await rm(taken);
  }
  return files.length;
}

if (import.meta.main) {
  const [spool = 'spool', config = 'policies', policy = 'default/policy'] = process.argv.slice(2);
  const engine = await openEngine({ config });
  console.log(`${await runSpool(engine, spool, policy)} messages`);
  await engine.close();
}
