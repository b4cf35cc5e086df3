import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { openEngine } from '../../extproc/library.ts';
import { content, envelope, KEYS, policy, SIGNED_ONLY, signed } from '../../test/e2e/support/fixture.ts';
import { runSpool } from './spool.ts';

test('a spool: what is signed goes out, what is not is refused with its reason, what a crash left is done', async (t) => {
  const root = mkdtempSync(path.join(tmpdir(), 'waxseal-spool-'));
  t.after(() => rmSync(root, { recursive: true }));
  const config = path.join(root, 'config');
  const spool = path.join(root, 'spool');
  for (const folder of [config, path.join(spool, 'in'), path.join(spool, 'work')])
    mkdirSync(folder, { recursive: true });
  const manifests = [...KEYS, policy('signed', SIGNED_ONLY)];
  writeFileSync(path.join(config, 'all.yaml'), manifests.map((item) => stringify(item)).join('---\n'));
  const put = (folder: string, name: string, text: string) => writeFileSync(path.join(spool, folder, name), text);
  put('in', 'good', await signed(content(500)));
  put('in', 'bare', envelope(content(500)));
  put('work', 'left', await signed(content(500)));
  const engine = await openEngine({ config });
  assert.equal(await runSpool(engine, spool, 'e2e/signed'), 3);
  await engine.close();
  assert.deepEqual(readdirSync(path.join(spool, 'out')).sort(), ['good', 'left']);
  assert.doesNotMatch(readFileSync(path.join(spool, 'out', 'good'), 'utf8'), /Signature/);
  assert.deepEqual(readdirSync(path.join(spool, 'refused')).sort(), ['bare', 'bare.reason']);
  assert.match(readFileSync(path.join(spool, 'refused', 'bare.reason'), 'utf8'), /^ERR_WSS_SECURITY_HEADER_MISSING/);
  assert.deepEqual([...readdirSync(path.join(spool, 'in')), ...readdirSync(path.join(spool, 'work'))], []);
});
