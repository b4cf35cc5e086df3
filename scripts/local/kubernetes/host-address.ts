import { networkInterfaces } from 'node:os';
import { execute } from './process.ts';

/** Of the range for benchmarks between networks (RFC 2544): nobody's real address. */
const ALIAS = '198.18.0.1';

/**
 * An IPv4 address of this machine that is not in 127.0.0.0/8, because the API server refuses those in EndpointSlices.
 * Where there is none, an alias on the loopback interface, which only root can add.
 */
export async function hostAddress(): Promise<string> {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const own = addresses.find(({ family, address }) => family === 'IPv4' && !address.startsWith('127.'));
  if (own) return own.address;
  await execute('ip', ['address', 'add', `${ALIAS}/32`, 'dev', 'lo']);
  return ALIAS;
}
