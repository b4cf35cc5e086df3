/** `waxseal export`: the policies of a namespace as a ZIP, without secrets. */

import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { POLICIES, TOKEN_SERVICES } from '../operator/kubernetes/resources.ts';
import { isArchived, makeArchive, objectId, writeArchive, type Archive } from '../policy/archive/archive.ts';
import { describeNeed } from '../policy/archive/check-import.ts';
import type { KubernetesObject } from '../policy/kubernetes.ts';
import { listOf, loadFolder, withCluster, withSourceOptions, type SourceFlags } from './cluster-options.ts';
import { UsageError } from './usage-error.ts';

interface Flags extends SourceFlags {
  namespace: string;
  output: string;
}

export function exportCommand(): Command {
  return withSourceOptions(new Command('export'))
    .description('write the policies of a namespace to a ZIP, without secrets, for "waxseal import"')
    .requiredOption('-n, --namespace <namespace>', 'the namespace of the policies')
    .requiredOption('-o, --output <file>', 'the ZIP to write; an existing file is replaced')
    .addHelpText(
      'after',
      `
The ZIP holds the manifests of WSSecurityPolicies and SecurityTokenServices, and an index of the names of the Secrets and
ConfigMaps that they need. It never holds what is in those.

Examples:
  waxseal export --namespace shop --output shop.zip
  waxseal export --namespace shop --output shop.zip --context staging
  waxseal export --namespace shop --output shop.zip --config ./manifests`,
    )
    .action(async (flags: Flags) => {
      const archive = makeArchive(flags.namespace, await objectsOf(flags));
      if (archive.objects.length === 0) throw new UsageError(`namespace ${flags.namespace} has no policies`);
      await write(flags.output, archive);
      console.log(summary(archive, flags.output));
      for (const warning of warnings(archive)) console.error(`warning: ${warning}`);
    });
}

async function objectsOf(flags: Flags): Promise<readonly KubernetesObject[]> {
  const { namespace, config } = flags;
  if (config === undefined) {
    return withCluster(flags, async (cluster) =>
      (await Promise.all([POLICIES, TOKEN_SERVICES].map((resource) => listOf(cluster, resource, namespace)))).flat(),
    );
  }
  const { manifests } = await loadFolder(config);
  const chosen = manifests.filter((manifest) => isArchived(manifest) && manifest.namespace === namespace);
  const objects = chosen.map(({ object }) => object as unknown as KubernetesObject);
  const ids = objects.map(objectId);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new UsageError(`${twice} is defined twice in ${config}; remove one`);
  return objects;
}

async function write(file: string, archive: Archive): Promise<void> {
  try {
    await writeFile(file, writeArchive(archive));
  } catch (error) {
    throw new UsageError(`${file} cannot be written: ${(error as Error).message}`);
  }
}

function summary({ namespace, objects, needs }: Archive, file: string): string {
  return [
    `${file}: ${objects.length} of namespace ${namespace}`,
    ...objects.map((object) => `  ${objectId(object)}`),
    ...(needs.length === 0 ? [] : ['They need, and the archive does not hold:']),
    ...needs.map((need) => `  ${describeNeed(need, namespace)}`),
  ].join('\n');
}

/** Texts of a policy that some people keep secret. */
function warnings({ objects }: Archive): string[] {
  return objects.flatMap((object) => {
    const spec = JSON.stringify(object['spec'] ?? {});
    const keys = spec.includes('"source":"APIKey"');
    const headers = object.kind === 'SecurityTokenService' && spec.includes('"headers":{');
    return [
      ...(keys ? [`${objectId(object)} compares API keys in its conditions; they are in the archive`] : []),
      ...(headers ? [`${objectId(object)} sends HTTP headers; what they hold is in the archive`] : []),
    ];
  });
}
