import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';

export class ChainLockedError extends Error {
  override readonly name = 'ChainLockedError';
}

/**
 * Takes a chain for this process alone, by a socket address without a file (Linux): it is free again when the process ends,
 * in whatever way. Elsewhere nothing is taken.
 *
 * @param folder that exists
 * @throws ChainLockedError when another process of this host writes to the chain
 */
export async function lockChain(folder: string, chain: string): Promise<Server | undefined> {
  if (process.platform !== 'linux') return undefined;
  const name = createHash('sha256')
    .update(`${await realpath(folder)}/${chain}`)
    .digest('hex');
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(`\0waxseal-decision-log-${name}`, resolve);
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    throw new ChainLockedError(`another process writes the chain ${chain} of the decision log; name replicas apart`);
  });
  return server.unref();
}
