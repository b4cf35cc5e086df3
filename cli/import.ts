/** `waxseal import`: the policies of a ZIP into a namespace, under the names of another environment. */

import { readFile, stat } from 'node:fs/promises';
import { Command } from 'commander';
import { compileBundle } from '../extproc/pipeline/compile.ts';
import { compileTokenService } from '../extproc/pipeline/compile-token-service.ts';
import { ArchiveError, isNamespace, readArchive, type Archive, type NeededObject } from '../policy/archive/archive.ts';
import { describeNeed, findingsOf, type ImportFindings } from '../policy/archive/check-import.ts';
import { planImport, type PlannedImport } from '../policy/archive/import-plan.ts';
import { EMPTY_MAP, NameMapError, parseNameMap, renamed, type NameMap } from '../policy/archive/name-map.ts';
import { ZIP_LIMITS, ZipError } from '../policy/archive/zip.ts';
import { manifestOf, type Manifest } from '../policy/load.ts';
import { resolve } from '../policy/resolve.ts';
import { withCluster, withSourceOptions, type SourceFlags } from './cluster-options.ts';
import { clusterTarget, folderTarget, type ImportTarget } from './import-target.ts';
import { UsageError } from './usage-error.ts';

interface Flags extends SourceFlags {
  namespace: string;
  map?: string;
  dryRun: boolean;
  overwrite: boolean;
}

export function importCommand(): Command {
  return withSourceOptions(new Command('import'))
    .description('create or change the policies of a namespace from a ZIP of "waxseal export"')
    .argument('<file>', 'the ZIP')
    .requiredOption('-n, --namespace <namespace>', 'the namespace to import into')
    .option('--map <file>', 'YAML: what names are called there')
    .option('--dry-run', 'show what would be done, and do nothing', false)
    .option('--overwrite', 'also change policies that were not imported, or were edited since', false)
    .addHelpText(
      'after',
      `
Either everything is written or nothing. What is in the namespace and not in the ZIP stays.

The map, of which every part may be left out; names that it does not have stay as they are:
  secrets:       { acme-keys: acme-keys-prod }
  configMaps:    { partner-ca: partner-ca-prod }
  policies:      { orders: orders-v2 }
  tokenServices: { corporate-sts: sts }
  targets:       { HTTPRoute/orders: orders-public }
  namespaces:    { shared: shared-prod }      # of what is referred to in other namespaces
  urls:          { "https://sts.test": "https://sts.prod" }   # of token services, appliesTo and retryUrl

Examples:
  waxseal import shop.zip --namespace shop-prod --map prod.yaml --dry-run
  waxseal import shop.zip --namespace shop-prod --map prod.yaml --context production
  waxseal import shop.zip --namespace shop --config ./manifests

Exit status: 0 done, or nothing to do; 2 nothing was written, and why.`,
    )
    .action(async (file: string, flags: Flags) => {
      if (!isNamespace(flags.namespace)) throw new UsageError(`${flags.namespace} is no name of a namespace`);
      const archive = await readMapped(file, flags.map);
      const { config, namespace } = flags;
      if (config !== undefined) await run(archive, flags, await folderTarget(config, namespace));
      else {
        await withCluster(flags, async (cluster) =>
          run(archive, flags, await clusterTarget(cluster, namespace, archive.needs)),
        );
      }
    });
}

async function readMapped(file: string, mapFile: string | undefined): Promise<Archive> {
  const bytes = await readBounded(file, ZIP_LIMITS.maxBytes);
  try {
    const map = mapFile === undefined ? EMPTY_MAP : await readMap(mapFile);
    return renamed(readArchive(bytes), map);
  } catch (error) {
    if (error instanceof ArchiveError || error instanceof ZipError) throw new UsageError(`${file}: ${error.message}`);
    if (error instanceof NameMapError) throw new UsageError(error.message.replace(/^/gm, `${mapFile ?? file}: `));
    throw error;
  }
}

const MAX_MAP_BYTES = 1024 * 1024;

async function readMap(file: string): Promise<NameMap> {
  return parseNameMap((await readBounded(file, MAX_MAP_BYTES)).toString());
}

async function readBounded(file: string, maxBytes: number): Promise<Buffer> {
  try {
    if ((await stat(file)).size > maxBytes) throw new Error(`larger than ${maxBytes} bytes`);
    return await readFile(file);
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message}`);
  }
}

async function run(archive: Archive, flags: Flags, target: ImportTarget): Promise<void> {
  const { namespace, dryRun, overwrite } = flags;
  const plans = planImport(archive, namespace, (kind, name) => target.existing(kind, name));
  for (const plan of plans) console.log(describePlan(plan, namespace));
  const missing = missingObjects(archive.needs, namespace, target);
  if (missing.length > 0) console.log(['Missing:', ...missing.map((line) => `  ${line}`)].join('\n'));
  for (const need of target.unreadable) console.log(`Not known: ${describeNeed(need, namespace)}: you may not read it`);
  const { errors: wrong, warnings } = check(plans, target);
  const errors = [...wrong];
  for (const warning of warnings) console.log(`warning: ${printable(warning)}`);
  const kept = overwrite ? [] : plans.filter(({ protectedBecause }) => protectedBecause !== undefined);
  for (const { object, protectedBecause } of kept) {
    errors.push(
      `${object.kind} ${object.metadata.name} is there already, and ${protectedBecause}; change it with --overwrite`,
    );
  }
  if (errors.length > 0) throw new UsageError([...errors.map(printable), 'nothing was written'].join('\n'));
  const changes = plans.filter(({ action }) => action !== 'unchanged');
  await target.write(changes, dryRun);
  console.log(`${countOf(plans)}${dryRun ? '; nothing was written (--dry-run)' : ''}`);
}

function describePlan({ object, action, differences }: PlannedImport, namespace: string): string {
  const head = `${action.padEnd(9)} ${object.kind} ${namespace}/${object.metadata.name}`;
  return [head, ...differences.map((line) => `            ${printable(line)}`)].join('\n');
}

/** What an archive holds shall not steer a terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}

function missingObjects(needs: readonly NeededObject[], namespace: string, target: ImportTarget): string[] {
  return needs
    .filter((need) => !target.unreadable.includes(need))
    .filter(
      ({ kind, name, namespace: at = namespace }) =>
        !target.manifests.some((each) => each.kind === kind && each.name === name && each.namespace === at),
    )
    .map((need) => printable(describeNeed(need, namespace)));
}

function check(plans: readonly PlannedImport[], target: ImportTarget): ImportFindings {
  const imported: Manifest[] = plans.map(({ object }) => manifestOf(object));
  const replaced = new Set(imported.map(idOf));
  const kept = target.manifests.filter((manifest) => !replaced.has(idOf(manifest)));
  const { bundle, tokenServices, problems } = resolve([...kept, ...imported]);
  const { problems: broken } = compileBundle(bundle);
  const unusable = tokenServices.flatMap((service) => compileTokenService(service).problems);
  return findingsOf([...problems, ...broken, ...unusable], imported);
}

const idOf = ({ kind, namespace, name }: Manifest): string => `${kind}/${namespace}/${name}`;

function countOf(plans: readonly PlannedImport[]): string {
  const count = (wanted: PlannedImport['action']): number => plans.filter(({ action }) => action === wanted).length;
  return `${count('create')} created, ${count('change')} changed, ${count('unchanged')} unchanged`;
}
