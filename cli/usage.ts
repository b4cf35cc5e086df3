/** `waxseal usage`: which policies apply where or nowhere, which routes have none, and who uses which token service. */

import { Command } from 'commander';
import type { Cluster } from '../operator/kubernetes/client.ts';
import {
  ENVOY_FILTERS,
  EXTENSION_POLICIES,
  GATEWAY_CLASSES,
  GATEWAYS,
  HTTP_ROUTES,
  POLICIES,
  SERVICES,
  TOKEN_SERVICES,
  TRAFFIC_POLICIES,
} from '../operator/kubernetes/resources.ts';
import { inventoryOf } from '../policy/attach/inventory.ts';
import { CHART_DEFAULTS, offlineInventory, type OfflineInventory } from '../policy/usage/offline.ts';
import {
  usageOf,
  type PolicyPlace,
  type PolicyUsage,
  type RouteUsage,
  type TokenServiceUsage,
  type Usage,
} from '../policy/usage/usage.ts';
import { listOf, loadFolder, withCluster, withSourceOptions, type SourceFlags } from './cluster-options.ts';

interface Flags extends SourceFlags {
  namespace?: string;
  json: boolean;
}

export function usageCommand(): Command {
  return withSourceOptions(new Command('usage'))
    .description(
      'which policies apply where, which nowhere and why, which routes have none, and who uses token services',
    )
    .option('-n, --namespace <namespace>', 'only the policies, routes and token services of this namespace')
    .option('--json', 'print one JSON document', false)
    .addHelpText(
      'after',
      `
Examples:
  waxseal usage
  waxseal usage --namespace shop --context production
  waxseal usage --config ./manifests --json     # Gateways and HTTPRoutes among the manifests`,
    )
    .action(async (flags: Flags) => {
      const { inventory, assumed } = flags.config === undefined ? await ofCluster(flags) : await ofFolder(flags.config);
      const usage = ofNamespace(usageOf(inventory, CHART_DEFAULTS), flags.namespace);
      console.log(flags.json ? JSON.stringify(usage, undefined, 2) : asText(usage, flags.config !== undefined));
      for (const [name, controller] of assumed) {
        console.error(`note: GatewayClass ${name} is in no manifest; its controller is taken to be ${controller}`);
      }
    });
}

async function ofFolder(folder: string): Promise<OfflineInventory> {
  return offlineInventory((await loadFolder(folder)).manifests);
}

const KINDS = [
  POLICIES,
  TOKEN_SERVICES,
  GATEWAY_CLASSES,
  GATEWAYS,
  HTTP_ROUTES,
  SERVICES,
  EXTENSION_POLICIES,
  TRAFFIC_POLICIES,
  ENVOY_FILTERS,
];

function ofCluster(flags: Flags): Promise<OfflineInventory> {
  return withCluster(flags, async (cluster: Cluster) => {
    const objects = await Promise.all(KINDS.map((resource) => listOf(cluster, resource)));
    return { inventory: inventoryOf(objects.flat()), assumed: new Map() };
  });
}

function ofNamespace(usage: Usage, namespace: string | undefined): Usage {
  if (namespace === undefined) return usage;
  return {
    policies: usage.policies.filter(({ policy }) => policy.startsWith(`${namespace}/`)),
    routes: usage.routes.filter(({ route }) => route.startsWith(`${namespace}/`)),
    tokenServices: usage.tokenServices.filter(({ tokenService }) => tokenService.startsWith(`${namespace}/`)),
  };
}

/** @param offline nothing is known of what gateways have taken */
function asText({ policies, routes, tokenServices }: Usage, offline: boolean): string {
  const policyRows = policies.flatMap((policy) => policy.places.map((place) => policyRow(policy, place, offline)));
  const routeRows = routes.map((route) => [route.route, route.gateway ?? 'none', decision(route)]);
  const serviceRows = tokenServices.map((service) => [service.tokenService, usersOf(service)]);
  const problems = policies.flatMap(({ policy, places }) =>
    places.filter(({ applies }) => !applies).map(({ message }) => `${policy}: ${message}`),
  );
  return [
    table(['POLICY', 'STATE', 'APPLIES TO', 'ROUTES'], policyRows),
    ...(problems.length > 0 ? ['', 'Problems:', ...problems.map((line) => `  ${line}`)] : []),
    ...(routeRows.length > 0 ? ['', table(['ROUTE', 'GATEWAY', 'POLICY'], routeRows)] : []),
    ...(serviceRows.length > 0 ? ['', table(['TOKEN SERVICE', 'USED BY'], serviceRows)] : []),
  ].join('\n');
}

function usersOf({ exists, policies }: TokenServiceUsage): string {
  if (policies.length === 0) return 'no policy';
  return `${policies.join(', ')}${exists ? '' : ', and it is not there'}`;
}

function policyRow(usage: PolicyUsage, place: PolicyPlace, offline: boolean): string[] {
  const name = usage.guard ? `${usage.policy} (guard)` : usage.policy;
  return [name, usage.enabled ? usage.mode : 'Disabled', whereOf(place, offline), place.routes.join(', ')];
}

function whereOf(place: PolicyPlace, offline: boolean): string {
  const where = `${place.kind} ${place.name}`;
  if (!place.applies) return place.routes.length > 0 ? `${where}, in part` : `nowhere: ${where}: ${place.reason}`;
  if (isStandalone(place)) return "where Envoy's own configuration names it";
  return place.programmed || offline ? where : `${where} (not programmed yet)`;
}

function isStandalone({ kind, name }: PolicyPlace): boolean {
  return kind === 'Service' && name === `${CHART_DEFAULTS.systemNamespace}/${CHART_DEFAULTS.service.name}`;
}

function decision({ state, policy, extensionPolicy, gateway }: RouteUsage): string {
  if (state === 'Policy') return policy ?? '';
  if (state === 'Guarded') return `none; SOAP is refused by ${policy ?? ''}`;
  if (extensionPolicy !== undefined)
    return `none; EnvoyExtensionPolicy ${extensionPolicy} has the route, which is open`;
  if (policy !== undefined) return `${policy}, which does nothing: open`;
  return gateway === undefined ? 'none' : 'none: open';
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
