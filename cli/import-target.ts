/** Where an import goes: a namespace of a cluster, or a folder of manifests. */

import { rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import type { Cluster } from '../operator/kubernetes/client.ts';
import { ForbiddenError, NotFoundError } from '../operator/kubernetes/errors.ts';
import {
  CONFIG_MAPS,
  POLICIES,
  REFERENCE_GRANTS,
  REFERENCE_GRANTS_BETA,
  SECRETS,
  TOKEN_SERVICES,
  apiVersionOf,
} from '../operator/kubernetes/resources.ts';
import { isArchived, type NeededObject } from '../policy/archive/archive.ts';
import type { PlannedImport } from '../policy/archive/import-plan.ts';
import type { KubernetesObject } from '../policy/kubernetes.ts';
import { manifestOf, type Manifest } from '../policy/load.ts';
import { listOf, loadFolder } from './cluster-options.ts';
import { UsageError } from './usage-error.ts';

export interface ImportTarget {
  existing(kind: string, name: string): KubernetesObject | undefined;
  /** What policies are checked with: Secrets, ConfigMaps, ReferenceGrants, and token services that are there already. */
  readonly manifests: readonly Manifest[];
  /** Needed objects that may be there, and may not be read. */
  readonly unreadable: readonly NeededObject[];
  /** All of it or nothing. @param dryRun only asks whether it would be taken */
  write(plans: readonly PlannedImport[], dryRun: boolean): Promise<void>;
}

const RESOURCES = { Secret: SECRETS, ConfigMap: CONFIG_MAPS, SecurityTokenService: TOKEN_SERVICES } as const;

/** @param needs of the archive, in the names of the target */
export async function clusterTarget(
  cluster: Cluster,
  namespace: string,
  needs: readonly NeededObject[],
): Promise<ImportTarget> {
  const [policies, services, grants, oldGrants] = await Promise.all([
    listOf(cluster, POLICIES, namespace),
    listOf(cluster, TOKEN_SERVICES, namespace),
    listGrants(cluster, REFERENCE_GRANTS),
    listGrants(cluster, REFERENCE_GRANTS_BETA),
  ]);
  const present = [...policies, ...services];
  const unreadable: NeededObject[] = [];
  const found: KubernetesObject[] = [];
  for (const need of needs) {
    try {
      const resource = RESOURCES[need.kind];
      found.push({
        ...(await cluster.get(resource, need.namespace ?? namespace, need.name)),
        apiVersion: apiVersionOf(resource),
        kind: need.kind,
      });
    } catch (error) {
      if (error instanceof ForbiddenError) unreadable.push(need);
      else if (!(error instanceof NotFoundError)) throw error;
    }
  }
  return {
    existing: (kind, name) => present.find((object) => object.kind === kind && object.metadata.name === name),
    manifests: [...found, ...(grants.length > 0 ? grants : oldGrants)].map(manifestOf),
    unreadable,
    write: (plans, dryRun) => writeToCluster(cluster, plans, dryRun),
  };
}

/** Whether a grant exists matters to references across namespaces only: who may not ask is told that it is missing. */
async function listGrants(cluster: Cluster, resource: typeof REFERENCE_GRANTS): Promise<KubernetesObject[]> {
  try {
    return await listOf(cluster, resource);
  } catch (error) {
    if (error instanceof ForbiddenError) return [];
    throw error;
  }
}

async function writeToCluster(cluster: Cluster, plans: readonly PlannedImport[], dryRun: boolean): Promise<void> {
  for (const plan of plans) await send(cluster, plan, true);
  if (dryRun) return;
  const undo: (() => Promise<unknown>)[] = [];
  try {
    for (const plan of plans) {
      const written = await send(cluster, plan, false);
      undo.unshift(() => takeBack(cluster, plan, written));
    }
  } catch (error) {
    const results = await Promise.allSettled(undo.map((step) => step()));
    const left = results.filter(({ status }) => status === 'rejected').length;
    const state = left === 0 ? 'nothing has been changed' : `${left} objects could not be put back`;
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}; ${state}`);
  }
}

function send(cluster: Cluster, { object, existing }: PlannedImport, dryRun: boolean): Promise<KubernetesObject> {
  const options = { query: { fieldManager: FIELD_MANAGER, ...(dryRun && { dryRun: 'All' }) } };
  if (existing === undefined) return cluster.create(object, options);
  return cluster.replace(over(existing, object), options);
}

/** Under this name the API server remembers which fields an import has set. */
const FIELD_MANAGER = 'waxseal-import';

/** What others keep in the object's metadata stays; a change since it was read is a conflict. */
function over(existing: KubernetesObject, { metadata, spec }: KubernetesObject): KubernetesObject {
  return { ...existing, metadata: { ...existing.metadata, ...metadata }, spec };
}

async function takeBack(cluster: Cluster, { existing }: PlannedImport, written: KubernetesObject): Promise<void> {
  if (existing === undefined) await cluster.delete(written);
  else {
    const { resourceVersion = '' } = written.metadata;
    await cluster.replace({ ...existing, metadata: { ...existing.metadata, resourceVersion } });
  }
}

export async function folderTarget(folder: string, namespace: string): Promise<ImportTarget> {
  const { manifests } = await loadFolder(folder);
  const here = manifests.filter((manifest) => isArchived(manifest) && manifest.namespace === namespace);
  const find = (kind: string, name: string) =>
    here.filter((manifest) => manifest.kind === kind && manifest.name === name);
  return {
    existing: (kind, name) => {
      const [first, second] = find(kind, name);
      if (second !== undefined) throw new UsageError(`${kind} ${namespace}/${name} is defined twice in ${folder}`);
      return first?.object as KubernetesObject | undefined;
    },
    manifests: manifests.filter(({ kind }) => kind !== 'WSSecurityPolicy'),
    unreadable: [],
    write: async (plans, dryRun) => {
      const files = plans.map(({ object }) => {
        const [existing] = find(object.kind, object.metadata.name);
        return { name: fileOf(folder, object, existing, manifests), text: stringify(object) };
      });
      if (!dryRun) await replaceFiles(files);
    },
  };
}

/** A new file, or the one that the object has to itself. */
function fileOf(
  folder: string,
  { kind, metadata }: KubernetesObject,
  existing: Manifest | undefined,
  manifests: readonly Manifest[],
): string {
  const usual = path.join(folder, `${kind.toLowerCase()}.${metadata.namespace ?? ''}.${metadata.name}.yaml`);
  const file = existing?.file ?? usual;
  const others = manifests.filter((manifest) => manifest.file === file && manifest !== existing);
  if (others.length === 0) return file;
  throw new UsageError(
    `${kind} ${metadata.name} would replace ${file}, which holds other objects too; split that file`,
  );
}

/** Files that begin with a dot are no manifests: everything is written before anything is seen. */
async function replaceFiles(files: readonly { name: string; text: string }[]): Promise<void> {
  const staged = files.map(({ name, text }) => ({
    name,
    text,
    temporary: path.join(path.dirname(name), `.${path.basename(name)}.tmp`),
  }));
  try {
    for (const { temporary, text } of staged) await writeFile(temporary, text);
    for (const { temporary, name } of staged) await rename(temporary, name);
  } catch (error) {
    await Promise.all(staged.map(({ temporary }) => rm(temporary, { force: true })));
    throw new UsageError(`the folder cannot be written: ${(error as Error).message}`);
  }
}
