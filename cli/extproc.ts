/** `waxseal extproc`: the service that Envoy calls. */

import { availableParallelism, hostname } from 'node:os';
import { Command, Option } from 'commander';
import type { ConfigurationSourceFactory } from '../extproc/config/source.ts';
import { parseListenAddress } from '../extproc/envoy/listen-address.ts';
import { POLICY_SOURCES, type PolicySource } from '../extproc/envoy/policy-identity.ts';
import { createLogger, LOG_LEVELS, type LogLevel } from '../extproc/observe/log.ts';
import { ON_FAILURE } from '../extproc/decisions/on-failure.ts';
import type { DecisionLogLocation } from '../extproc/decisions/open.ts';
import type { SharedStoreLocation } from '../extproc/redis/shared-store.ts';
import { Service } from '../extproc/service.ts';
import { parseAddress, parseCount } from './arguments.ts';
import { UsageError } from './usage-error.ts';

interface Flags {
  config?: string;
  operator?: string;
  tlsCert?: string;
  tlsKey?: string;
  tlsCa?: string;
  replicaName: string;
  listen: string;
  admin: string;
  workers: number;
  maxInFlight: number;
  maxInFlightBytes: number;
  policyFrom?: PolicySource[];
  environment?: string;
  redis?: string;
  redisCa?: string;
  redisCert?: string;
  redisKey?: string;
  cacheKeys?: string;
  decisionLog?: string;
  decisionLogKey?: string;
  decisionLogOnFailure: (typeof ON_FAILURE)[number];
  decisionLogMaxBytes: number;
  decisionLogCheckpoint: number;
  drainTimeout: number;
  logLevel: LogLevel;
}

const MIB = 1024 * 1024;
/** Where a person configures Envoy, and where the operator does. */
const BY_ROUTE: readonly PolicySource[] = ['metadata', 'route-name'];
const BY_CLUSTER: readonly PolicySource[] = ['authority', 'metadata'];

export function extprocCommand(): Command {
  return new Command('extproc')
    .description('run the ext_proc service for Envoy, by the policies of a folder that is watched, or of the operator')
    .option('--config <folder>', 'folder with WSSecurityPolicy, Secret and ConfigMap manifests')
    .option('--operator <host:port,...>', 'instead of a folder: where replicas of the operator are')
    .option(
      '--tls-cert <file>',
      'certificate for the operator (PEM); this file and the next two are read as they change',
    )
    .option('--tls-key <file>', 'its key (PEM)')
    .option('--tls-ca <file>', "authorities that the operator's certificate may be of (PEM)")
    .addOption(
      new Option('--replica-name <name>', 'name by which the operator tells replicas apart')
        .env('POD_NAME')
        .default(hostname(), "the host's name"),
    )
    .option('--listen <host:port|unix:path>', 'where Envoy calls', parseAddress, '127.0.0.1:9002')
    .option('--admin <host:port|unix:path>', '/metrics, /healthz and /readyz', parseAddress, '127.0.0.1:9003')
    .option(
      '--workers <number>',
      'threads for large messages and for decryption; 0: none',
      parseCount,
      availableParallelism(),
    )
    .option('--max-in-flight <number>', 'HTTP exchanges at a time; more get 503', parseCount, 1024)
    .option('--max-in-flight-bytes <bytes>', 'bytes of bodies at a time; more get 503', parseCount, 256 * MIB)
    .addOption(
      new Option(
        '--policy-from <source...>',
        'what of Envoy names the policy, in this order (default: metadata route-name; with --operator: authority metadata)',
      ).choices(POLICY_SOURCES),
    )
    .option('--environment <name>', 'what this environment is called: decides between credentials that name theirs')
    .addOption(
      new Option(
        '--redis <url>',
        'where replicas share tokens and what they have seen: redis[s]://[user:password@]host:port[/db], redis[s]-sentinel://host:port,host:port/master, redis[s]-cluster://host:port,host:port or unix:/path. The variable keeps a password out of the list of processes',
      ).env('WAXSEAL_REDIS_URL'),
    )
    .option(
      '--redis-ca <file>',
      "authorities that Redis' certificate may be of (PEM; default: those the system trusts)",
    )
    .option('--redis-cert <file>', 'our certificate for Redis (PEM)')
    .option('--redis-key <file>', 'its key (PEM)')
    .option(
      '--cache-keys <folder>',
      'keys that tokens in Redis are encrypted with: a file each, 32 bytes in base64; the last name in order encrypts, all decrypt',
    )
    .option('--decision-log <folder>', 'keep in files there, tamper-evident, what is decided on each message')
    .option('--decision-log-key <file>', 'private key that signs their checkpoints (PEM): RSA, EC or Ed25519')
    .addOption(
      new Option(
        '--decision-log-on-failure <what>',
        'while they cannot be written, for example because the disk is full, Refuse new messages, or Continue and count what is missing',
      )
        .choices(ON_FAILURE)
        .default('Refuse'),
    )
    .option('--decision-log-max-bytes <bytes>', 'size from which another file is begun', parseCount, 64 * MIB)
    .option('--decision-log-checkpoint <seconds>', 'time between two signed checkpoints', parseCount, 10)
    .option('--drain-timeout <seconds>', 'time that exchanges under way get on SIGTERM', parseCount, 25)
    .addOption(new Option('--log-level <level>', 'least level that is logged').choices(LOG_LEVELS).default('info'))
    .action(run);
}

async function run(flags: Flags): Promise<void> {
  const logger = createLogger(flags.logLevel);
  if (
    flags.redis === undefined &&
    (flags.cacheKeys ?? flags.redisCa ?? flags.redisCert ?? flags.redisKey) !== undefined
  ) {
    throw new UsageError('--cache-keys, --redis-ca, --redis-cert and --redis-key are for --redis');
  }
  if (flags.decisionLog === undefined && flags.decisionLogKey !== undefined) {
    throw new UsageError('--decision-log-key is for --decision-log');
  }
  const service = new Service({
    source: await sourceOf(flags),
    listen: flags.listen,
    admin: flags.admin,
    workers: flags.workers,
    maxExchanges: flags.maxInFlight,
    maxBytes: flags.maxInFlightBytes,
    policySources: flags.policyFrom ?? (flags.operator === undefined ? BY_ROUTE : BY_CLUSTER),
    ...(flags.environment !== undefined && { environment: flags.environment }),
    ...(flags.redis !== undefined && { shared: sharedStoreOf(flags, flags.redis) }),
    ...(flags.decisionLog !== undefined && { decisions: decisionsOf(flags, flags.decisionLog) }),
    logger,
  });
  try {
    await service.start();
  } catch (error) {
    await service.stop(0);
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      void service.stop(flags.drainTimeout * 1000).then(() => process.exit(0));
    });
  }
}

/** As names of files begin with. */
const CHAIN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

/** @throws UsageError */
function decisionsOf(
  { decisionLogKey, decisionLogOnFailure, decisionLogMaxBytes, decisionLogCheckpoint, replicaName }: Flags,
  folder: string,
): DecisionLogLocation {
  if (decisionLogKey === undefined) {
    throw new UsageError(
      '--decision-log needs --decision-log-key: without signatures who can write the files can rewrite them. Make a key with: openssl genpkey -algorithm ed25519 -out key.pem',
    );
  }
  if (!CHAIN.test(replicaName)) throw new UsageError('--replica-name is no name for files of --decision-log');
  return {
    ...{ folder, chain: replicaName, keyFile: decisionLogKey, onFailure: decisionLogOnFailure },
    ...{ maxSegmentBytes: decisionLogMaxBytes, checkpointInterval: decisionLogCheckpoint * 1000 },
  };
}

/** @throws UsageError */
function sharedStoreOf({ redisCa, redisCert, redisKey, cacheKeys }: Flags, url: string): SharedStoreLocation {
  if (cacheKeys === undefined) {
    throw new UsageError(
      '--redis needs --cache-keys: tokens are encrypted before they leave the process. Make a key with: mkdir keys; openssl rand -base64 32 > keys/1',
    );
  }
  if ((redisCert === undefined) !== (redisKey === undefined)) {
    throw new UsageError('--redis-cert and --redis-key belong together; give both or neither');
  }
  return {
    ...{ url, cacheKeysFolder: cacheKeys },
    tls: {
      ...(redisCa !== undefined && { ca: redisCa }),
      ...(redisCert !== undefined && { certificate: redisCert }),
      ...(redisKey !== undefined && { key: redisKey }),
    },
  };
}

/** @throws UsageError */
async function sourceOf({
  config,
  operator,
  tlsCert,
  tlsKey,
  tlsCa,
  replicaName,
}: Flags): Promise<ConfigurationSourceFactory> {
  if ((config === undefined) === (operator === undefined)) {
    throw new UsageError('say where policies come from: --config <folder> or --operator <host:port>, one of them');
  }
  if (config !== undefined) {
    if (tlsCert !== undefined || tlsKey !== undefined || tlsCa !== undefined)
      throw new UsageError('--tls-cert, --tls-key and --tls-ca are for --operator');
    const { PolicyFolder } = await import('../extproc/config/policy-folder.ts');
    return (host) => new PolicyFolder(config, host);
  }
  if (tlsCert === undefined || tlsKey === undefined || tlsCa === undefined) {
    throw new UsageError('--operator needs --tls-cert, --tls-key and --tls-ca');
  }
  const operators = (operator ?? '').split(',').map(parseOperator);
  const { OperatorSource } = await import('../extproc/config/operator-source.ts');
  const tls = { certificate: tlsCert, key: tlsKey, ca: tlsCa };
  return (host) => new OperatorSource({ operators, tls, replicaName }, host);
}

function parseOperator(text: string): { host: string; port: number } {
  try {
    const address = parseListenAddress(text);
    if ('host' in address && address.port > 0) return address;
  } catch {
    // Told below.
  }
  throw new UsageError(`--operator: "${text}" is no address of an operator: write host:port, several with commas`);
}
