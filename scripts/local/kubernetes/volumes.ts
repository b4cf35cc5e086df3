/** Volumes of Pods: files of what Secrets and ConfigMaps hold. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubernetesObject } from '../../../policy/kubernetes.ts';
import type { TestCluster } from './cluster.ts';

/** Writes what a Secret holds into files of `folder`. */
export async function writeSecret(
  cluster: TestCluster,
  namespace: string,
  name: string,
  folder: string,
): Promise<void> {
  const { data } = await cluster.get<KubernetesObject & { data: Record<string, string> }>(
    'secret',
    name,
    '-n',
    namespace,
  );
  await writeFiles(
    folder,
    Object.entries(data).map(([file, text]) => [file, Buffer.from(text, 'base64')]),
  );
}

/** Writes what a ConfigMap holds into files of `folder`. */
export async function writeConfigMap(
  cluster: TestCluster,
  namespace: string,
  name: string,
  folder: string,
): Promise<void> {
  const { data } = await cluster.get<KubernetesObject & { data: Record<string, string> }>(
    'configmap',
    name,
    '-n',
    namespace,
  );
  await writeFiles(folder, Object.entries(data));
}

async function writeFiles(folder: string, files: readonly [string, string | Buffer][]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, content] of files) await writeFile(join(folder, name), content, { mode: 0o600 });
}
