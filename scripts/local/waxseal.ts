/** The `waxseal` command of this checkout as child processes. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Child } from './child.ts';

const WAXSEAL = join(import.meta.dirname, '../../cli/waxseal.js');

export interface ExtprocOptions {
  /** Folder of policies, Secrets and ConfigMaps. */
  readonly config: string;
  /** `host:port` or `unix:/path`. */
  readonly listen: string;
  /** Port of `/metrics`, `/healthz` and `/readyz` on loopback. */
  readonly adminPort: number;
  readonly args?: readonly string[];
}

/** Starts `waxseal extproc` and waits until it is ready for traffic. */
export async function startExtproc(options: ExtprocOptions): Promise<Child> {
  const { config, listen, adminPort, args = [] } = options;
  const admin = `127.0.0.1:${adminPort}`;
  const all = [WAXSEAL, 'extproc', '--config', config, '--listen', listen, '--admin', admin, ...args];
  const child = new Child('waxseal extproc', process.execPath, all);
  await child.until(async () => (await fetch(`http://${admin}/readyz`).catch(() => undefined))?.ok ?? false);
  return child;
}

/** What `waxseal envoy-config` prints. */
export async function envoyConfig(args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [WAXSEAL, 'envoy-config', ...args]);
  return stdout;
}
