/** Addresses as the command line writes them: `host:port`, `[v6]:port`, `unix:/path`. */

import { lstat, unlink } from 'node:fs/promises';
import net from 'node:net';

export type ListenAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** @throws TypeError that says what an address looks like */
export function parseListenAddress(address: string): ListenAddress {
  if (address.startsWith('unix:')) {
    const path = address.slice('unix:'.length);
    if (path === '') throw new TypeError(`"${address}" names no socket: write unix:/path/to/socket`);
    return { path };
  }
  const separator = address.lastIndexOf(':');
  const host = address.slice(0, separator).replace(/^\[(.*)\]$/, '$1');
  const port = Number(address.slice(separator + 1));
  if (separator < 1 || host === '' || !/^\d+$/.test(address.slice(separator + 1)) || port > 65535) {
    throw new TypeError(`"${address}" is no address: write host:port (127.0.0.1:9002) or unix:/path/to/socket`);
  }
  return { host, port };
}

/**
 * Removes a socket file that no one listens on any more: what a process that was killed leaves behind.
 * @throws Error when the path is in use, or is no socket
 */
export async function releaseSocketPath(path: string): Promise<void> {
  const status = await lstat(path).catch(() => undefined);
  if (status === undefined) return;
  if (!status.isSocket()) throw new Error(`${path} exists and is no socket`);
  const inUse = await new Promise<boolean>((resolve) => {
    const probe = net.connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
  if (inUse) throw new Error(`${path} is in use by another process`);
  await unlink(path);
}
