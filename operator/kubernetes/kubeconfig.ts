/** Where the cluster is and who we are there. */

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

export interface KubeConfigSource {
  /** For people: `--kubeconfig FILE`, `in-cluster service account`, … */
  readonly description: string;
  /** Reads it, again each time: tokens and certificates are renewed while we run. @throws {Error} with the description */
  load(): KubeConfig;
}

/**
 * The file that is given, else the Pod's service account, else `$KUBECONFIG`, else `~/.kube/config`. The first that is there
 * counts; should it be unusable, no other is tried.
 *
 * @param file of `--kubeconfig`
 * @throws {Error} that says what was looked for, where there is none
 */
export function kubeConfigSource(file?: string, env: NodeJS.ProcessEnv = process.env): KubeConfigSource {
  if (file !== undefined) return fromFile(file, `--kubeconfig ${file}`);
  if (env['KUBERNETES_SERVICE_HOST'] !== undefined && existsSync(SERVICE_ACCOUNT_TOKEN)) {
    return source('in-cluster service account', (config) => config.loadFromCluster());
  }
  const named = env['KUBECONFIG'];
  if (named !== undefined && named !== '') {
    return source(`$KUBECONFIG ${named}`, (config) => loadMerged(config, named.split(path.delimiter).filter(Boolean)));
  }
  const usual = path.join(env['HOME'] ?? homedir(), '.kube', 'config');
  if (existsSync(usual)) return fromFile(usual, usual);
  throw new Error(
    `no cluster to talk to: no --kubeconfig, no service account (${SERVICE_ACCOUNT_TOKEN} and KUBERNETES_SERVICE_HOST), ` +
      `no $KUBECONFIG and no ${usual}`,
  );
}

function fromFile(file: string, description: string): KubeConfigSource {
  return source(description, (config) => config.loadFromFile(file));
}

function loadMerged(config: KubeConfig, [first = '', ...others]: readonly string[]): void {
  config.loadFromFile(first);
  for (const file of others) {
    const other = new KubeConfig();
    other.loadFromFile(file);
    config.mergeConfig(other, true);
  }
}

function source(description: string, read: (config: KubeConfig) => void): KubeConfigSource {
  return {
    description,
    load() {
      const config = new KubeConfig();
      try {
        read(config);
      } catch (error) {
        throw new Error(`${description} cannot be read: ${(error as Error).message}`, { cause: error });
      }
      if (config.getCurrentCluster() === null) throw new Error(`${description} names no current cluster`);
      return config;
    },
  };
}
