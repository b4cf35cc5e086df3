/** The programs that scripts/setup-kubernetes built. */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const MODULES = join(import.meta.dirname, '../../go');
/** Each with the module that pins it. */
const PROGRAMS = {
  etcd: 'etcd',
  'kube-apiserver': 'kubernetes',
  'kube-controller-manager': 'kubernetes',
  kubectl: 'kubernetes',
  helm: 'helm',
  'envoy-gateway': 'envoy-gateway',
} as const;

export type Program = keyof typeof PROGRAMS;

/** Path of the program: in the folder KUBEBUILDER_ASSETS if it has it, else in the cache folder. */
export function binary(program: Program): string {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  if (assets && existsSync(join(assets, program))) return join(assets, program);
  return cached(program, program);
}

/** Path of a Helm chart that comes with Envoy Gateway. */
export function envoyGatewayChart(name: 'gateway-crds-helm' | 'gateway-helm'): string {
  return cached('envoy-gateway', `charts/${name}`);
}

function cached(program: Program, path: string): string {
  const cache =
    process.env['WAXSEAL_CACHE'] || join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'waxseal');
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(MODULES, PROGRAMS[program], file)));
  const found = join(cache, 'kubernetes', `${program}-${hash.digest('hex').slice(0, 16)}`, path);
  if (!existsSync(found)) throw new Error(`There is no ${found}. Run scripts/setup-kubernetes first.`);
  return found;
}
