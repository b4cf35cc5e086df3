import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** The port if it is free on loopback, else one that the system picks. */
export async function freePort(preferred = 0): Promise<number> {
  try {
    return await bindOnce(preferred);
  } catch (error) {
    if (preferred !== 0 && (error as NodeJS.ErrnoException).code === 'EADDRINUSE') return bindOnce(0);
    throw error;
  }
}

function bindOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const bound = (server.address() as AddressInfo).port;
      server.close(() => resolve(bound));
    });
  });
}

/**
 * A free port on loopback below those that the system hands out by itself, so that it is still free when a server that
 * was stopped for a while wants it back.
 */
export async function stablePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_768);
    if ((await freePort(port)) === port) return port;
  }
}
