/** What the commands share that can look at a cluster or at a folder of manifests instead. */

import type { Command } from 'commander';
import { Cluster } from '../operator/kubernetes/client.ts';
import { NotFoundError } from '../operator/kubernetes/errors.ts';
import { kubeConfigSource } from '../operator/kubernetes/kubeconfig.ts';
import type { Resource } from '../operator/kubernetes/resources.ts';
import { Transport } from '../operator/kubernetes/transport.ts';
import type { KubernetesObject } from '../policy/kubernetes.ts';
import { load, type Loaded } from '../policy/load.ts';
import { formatProblem } from '../policy/problem.ts';
import { UsageError } from './usage-error.ts';

export interface SourceFlags {
  config?: string;
  kubeconfig?: string;
  context?: string;
}

export function withSourceOptions(command: Command): Command {
  return command
    .option('--config <folder>', 'a folder (or file) of manifests instead of a cluster')
    .option('--kubeconfig <file>', "how to reach the cluster (default: the Pod's, $KUBECONFIG, ~/.kube/config)")
    .option('--context <name>', 'the context of the kubeconfig (default: its current one)');
}

/**
 * Does something with the cluster that the flags name, and closes its connections.
 *
 * @throws UsageError where there is none, or its API server answers with an error
 */
export async function withCluster<T>(flags: SourceFlags, action: (cluster: Cluster) => Promise<T>): Promise<T> {
  let cluster: Cluster | undefined;
  try {
    cluster = openCluster(flags);
    return await action(cluster);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(error instanceof Error ? error.message : String(error));
  } finally {
    cluster?.close();
  }
}

function openCluster({ kubeconfig, context }: SourceFlags): Cluster {
  const source = kubeConfigSource(kubeconfig);
  if (context === undefined) return new Cluster(new Transport(source), source.description);
  const inContext = {
    description: `${source.description}, context ${context}`,
    load() {
      const config = source.load();
      const known = config.getContexts().map(({ name }) => name);
      if (!known.includes(context)) {
        throw new Error(`${source.description} has no context ${context}; it has: ${known.join(', ')}`);
      }
      config.setCurrentContext(context);
      return config;
    },
  };
  return new Cluster(new Transport(inContext), inContext.description);
}

/** The objects of a kind; none where the cluster does not know the kind. */
export async function listOf(cluster: Cluster, resource: Resource, namespace?: string): Promise<KubernetesObject[]> {
  try {
    return (await cluster.list({ resource, namespace })).items;
  } catch (error) {
    if (error instanceof NotFoundError) return [];
    throw error;
  }
}

/** @throws UsageError where a file cannot be read: what it holds would be passed over */
export async function loadFolder(folder: string): Promise<Loaded> {
  const loaded = await load([folder]);
  const errors = loaded.problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new UsageError(errors.map(formatProblem).join('\n'));
  return loaded;
}
