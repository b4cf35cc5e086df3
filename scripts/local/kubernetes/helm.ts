import { binary } from './binaries.ts';
import { execute } from './process.ts';

/**
 * Runs Helm 3 and gives what it prints. Nothing waits for Pods unless `--wait` is among the arguments.
 *
 * @param options.kubeconfig path; commands that need no cluster (`template`, `lint`) work without
 * @param options.input its stdin, for `-f -`
 * @throws Error with Helm's message
 */
export async function helm(
  args: readonly string[],
  options: { readonly kubeconfig?: string; readonly input?: string } = {},
): Promise<string> {
  // A kubeconfig that happens to be in the environment is another cluster's.
  const env = { KUBECONFIG: options.kubeconfig ?? '/dev/null' };
  return execute(binary('helm'), args, { env, ...(options.input !== undefined && { input: options.input }) });
}
