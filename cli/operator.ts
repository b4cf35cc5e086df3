/** `waxseal operator`: reconciles WSSecurityPolicy objects of a Kubernetes cluster. */

import { hostname } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { createLogger, LOG_LEVELS, type LogLevel } from '../extproc/observe/log.ts';
import { loadCluster } from '../operator/kubernetes/client.ts';
import { Operator } from '../operator/operator.ts';
import { parseAddress, parseCount } from './arguments.ts';
import { UsageError } from './usage-error.ts';

interface Flags {
  systemNamespace: string;
  watchNamespace: string[];
  service: string;
  servicePort: number;
  serviceSelector: Record<string, string>;
  listen: string;
  admin: string;
  messageTimeout: string;
  identity: string;
  release: string;
  certificates: 'generate' | 'existing';
  leaderElection: boolean;
  kubeconfig?: string;
  logLevel: LogLevel;
}

export function operatorCommand(): Command {
  return new Command('operator')
    .description(
      'reconcile the WSSecurityPolicy objects of a cluster: serve them to the data plane, attach them, say how they fare',
    )
    .addOption(
      new Option('--system-namespace <name>', 'namespace of this installation')
        .env('POD_NAMESPACE')
        .default('waxseal-system'),
    )
    .option('--watch-namespace <name...>', 'namespaces that are looked at; all when it is not given', [])
    .option('--release <name>', 'name of this installation, with which its Secrets begin', 'waxseal')
    .option('--service <name>', "the data plane's Service in the system namespace", 'waxseal-extproc')
    .option('--service-port <number>', 'its port', parseCount, 9002)
    .option('--service-selector <labels>', "labels of the data plane's Pods: KEY=VALUE,…", parseLabels, {
      'app.kubernetes.io/name': 'waxseal',
      'app.kubernetes.io/component': 'extproc',
    })
    .option('--listen <host:port>', 'where the data plane fetches policies', parseAddress, '0.0.0.0:9443')
    .option('--admin <host:port|unix:path>', '/metrics, /healthz and /readyz', parseAddress, '127.0.0.1:9003')
    .option('--message-timeout <duration>', 'time that Envoy gives the data plane for each message', '10s')
    .addOption(
      new Option('--identity <name>', 'name of this replica in the leader election')
        .env('POD_NAME')
        .default(hostname(), "the host's name"),
    )
    .addOption(
      new Option(
        '--certificates <mode>',
        'generate: make and renew those between operator and data plane; existing: somebody else does',
      )
        .choices(['generate', 'existing'])
        .default('generate'),
    )
    .option('--no-leader-election', 'lead at once; for a single replica')
    .option('--kubeconfig <file>', 'cluster to talk to; otherwise the one this runs in, or KUBECONFIG')
    .addOption(new Option('--log-level <level>', 'least level that is logged').choices(LOG_LEVELS).default('info'))
    .action(run);
}

async function run(flags: Flags): Promise<void> {
  const logger = createLogger(flags.logLevel);
  const operator = new Operator({
    ...{ systemNamespace: flags.systemNamespace, watchNamespaces: flags.watchNamespace, release: flags.release },
    service: { name: flags.service, port: flags.servicePort, selector: flags.serviceSelector },
    ...{ listen: flags.listen, admin: flags.admin, messageTimeout: flags.messageTimeout, identity: flags.identity },
    ...{ certificates: flags.certificates, leaderElection: flags.leaderElection },
    cluster: connect(flags.kubeconfig),
    logger,
  });
  try {
    await operator.start();
  } catch (error) {
    await operator.stop();
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      void operator.stop().then(() => process.exit(0));
    });
  }
}

function connect(kubeconfig: string | undefined): ReturnType<typeof loadCluster> {
  try {
    return loadCluster(kubeconfig === undefined ? {} : { kubeconfig });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function parseLabels(text: string): Record<string, string> {
  const labels = text.split(',').map((pair) => /^([^=\s]+)=([^=\s]*)$/.exec(pair));
  if (labels.includes(null)) throw new InvalidArgumentError('labels are written KEY=VALUE,KEY=VALUE');
  return Object.fromEntries(labels.map((match) => [match?.[1] ?? '', match?.[2] ?? '']));
}
