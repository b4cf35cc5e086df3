/** `waxseal extproc`: the service that Envoy calls. */

import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import { PolicyFolder } from '../extproc/config/policy-folder.ts';
import { POLICY_SOURCES, type PolicySource } from '../extproc/envoy/policy-identity.ts';
import { createLogger, LOG_LEVELS, type LogLevel } from '../extproc/observe/log.ts';
import { Service } from '../extproc/service.ts';
import { parseAddress, parseCount } from './arguments.ts';
import { UsageError } from './usage-error.ts';

interface Flags {
  config: string;
  listen: string;
  admin: string;
  workers: number;
  maxInFlight: number;
  maxInFlightBytes: number;
  policyFrom: PolicySource[];
  drainTimeout: number;
  logLevel: LogLevel;
}

const MIB = 1024 * 1024;

export function extprocCommand(): Command {
  return new Command('extproc')
    .description('run the ext_proc service for Envoy, by the policies of a folder that is watched')
    .requiredOption('--config <folder>', 'folder with WSSecurityPolicy, Secret and ConfigMap manifests')
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
      new Option('--policy-from <source...>', 'what of Envoy names the policy, in this order')
        .choices(POLICY_SOURCES)
        .default(['metadata', 'route-name'], 'metadata route-name'),
    )
    .option('--drain-timeout <seconds>', 'time that exchanges under way get on SIGTERM', parseCount, 25)
    .addOption(new Option('--log-level <level>', 'least level that is logged').choices(LOG_LEVELS).default('info'))
    .action(run);
}

async function run(flags: Flags): Promise<void> {
  const logger = createLogger(flags.logLevel);
  const service = new Service({
    source: (host) => new PolicyFolder(flags.config, host),
    listen: flags.listen,
    admin: flags.admin,
    workers: flags.workers,
    maxExchanges: flags.maxInFlight,
    maxBytes: flags.maxInFlightBytes,
    policySources: flags.policyFrom,
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
