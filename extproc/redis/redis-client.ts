/** A client of ioredis for each kind of Redis, set up so that nothing waits in it for a Redis that is not there. */

import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisAddress, RedisTarget } from './redis-url.ts';
import type { RedisClient } from './script.ts';
import type { tlsFromFiles } from './tls-files.ts';

/** Milliseconds for TCP and TLS. */
const CONNECT_TIMEOUT = 2000;
/** Milliseconds for each step of logging in. Nobody waits for them. */
const HANDSHAKE_TIMEOUT = 1000;
/** Milliseconds that a connection which is given up may take to close. */
const DISCONNECT_TIMEOUT = 500;
const MIN_RETRY = 100;
const MAX_RETRY = 5000;

/** Milliseconds until the next attempt, with jitter: the processes of a fleet do not all come at once. */
export function retryDelay(attempts: number): number {
  const delay = Math.min(MIN_RETRY * 2 ** Math.min(attempts - 1, 10), MAX_RETRY);
  return Math.round(delay * (0.5 + Math.random() / 2));
}

/** Connects for ever, in the background. */
export function createClient(target: RedisTarget, tls: ReturnType<typeof tlsFromFiles>): RedisClient {
  const { username, password, db } = target;
  const options: RedisOptions = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(target.tls && { tls }),
    connectTimeout: CONNECT_TIMEOUT,
    commandTimeout: HANDSHAKE_TIMEOUT,
    disconnectTimeout: DISCONNECT_TIMEOUT,
    connectionName: 'waxseal',
    // What was sent before a connection broke has been given up by whoever asked.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  };
  if (target.mode === 'cluster') return createCluster(target.addresses, options);
  Object.assign(options, {
    db,
    enableOfflineQueue: false,
    retryStrategy: retryDelay,
    // This Redis has become a replica: another is to be found.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  });
  if (target.mode === 'standalone') return new Redis({ ...options, ...target.address });
  const { addresses, name, sentinelUsername, sentinelPassword } = target;
  return new Redis({
    ...options,
    ...{
      name,
      sentinels: [...addresses],
      sentinelRetryStrategy: retryDelay,
      sentinelCommandTimeout: HANDSHAKE_TIMEOUT,
    },
    ...(target.tls && { enableTLSForSentinelMode: true, sentinelTLS: tls }),
    ...(sentinelUsername !== undefined && { sentinelUsername }),
    ...(sentinelPassword !== undefined && { sentinelPassword }),
  });
}

function createCluster(addresses: readonly RedisAddress[], redisOptions: RedisOptions): Cluster {
  return new Cluster([...addresses], {
    redisOptions,
    enableOfflineQueue: false,
    clusterRetryStrategy: retryDelay,
    slotsRefreshTimeout: HANDSHAKE_TIMEOUT,
    slotsRefreshInterval: 5000,
    // Nobody waits long enough for more than a few.
    maxRedirections: 4,
    // Names stay names, as certificates are for names.
    dnsLookup: (address, callback) => callback(null, address),
  });
}
