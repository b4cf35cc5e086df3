/** `waxseal envoy-config`: prints an Envoy configuration, or the parts to paste into one that exists. */

import { Command, InvalidArgumentError, Option } from 'commander';
import { stringify } from 'yaml';
import { bootstrap, extprocCluster, extprocFilter, routePolicy } from './envoy-bootstrap.ts';
import { parseListenAddress } from '../extproc/envoy/listen-address.ts';
import type { Address, BootstrapOptions, SocketAddress } from './envoy-bootstrap.ts';

interface Flags {
  listen: SocketAddress;
  backend?: SocketAddress;
  backendTls: boolean;
  backendCa: string;
  policy: string;
  extproc: Address;
  maxBody: number;
  admin?: SocketAddress;
  clientCertificate: boolean;
  jwtClaims: boolean;
  only?: 'filter' | 'cluster';
}

export function envoyConfigCommand(): Command {
  return new Command('envoy-config')
    .description('print an Envoy configuration for a listener, a backend and a policy')
    .addOption(
      new Option('--listen <host:port>', 'where clients call')
        .argParser(parseSocket)
        .default({ host: '127.0.0.1', port: 10000 }, '127.0.0.1:10000'),
    )
    .option('--backend <host:port>', 'the SOAP service behind Envoy (needed unless --only)', parseSocket)
    .option('--backend-tls', 'call the backend with TLS', false)
    .option('--backend-ca <file>', "CA bundle for the backend's TLS certificate", '/etc/ssl/certs/ca-certificates.crt')
    .requiredOption('--policy <namespace/name>', 'the WSSecurityPolicy of the messages', parsePolicy)
    .addOption(
      new Option('--extproc <host:port|unix:path>', 'where `waxseal extproc` listens')
        .argParser(parseAddress)
        .default({ host: '127.0.0.1', port: 9002 }, '127.0.0.1:9002'),
    )
    .option('--max-body <bytes>', "largest body; the policy's limits.maxBodyBytes", parseBytes, 10485760)
    .option('--admin <host:port>', "also open Envoy's admin interface", parseSocket)
    .option(
      '--client-certificate',
      "tell the service of the client's TLS certificate: for a saml with source Certificate",
      false,
    )
    .option('--jwt-claims', 'tell the service what jwt_authn has verified: for a saml with source Claim', false)
    .addOption(new Option('--only <part>', 'print only this part, to paste').choices(['filter', 'cluster']))
    .action((flags: Flags, command: Command) => {
      process.stdout.write(render(flags, command));
    });
}

function render(flags: Flags, command: Command): string {
  const { backend, backendTls, backendCa, only, clientCertificate, jwtClaims, ...rest } = flags;
  const data = { certificate: clientCertificate, claims: jwtClaims };
  switch (only) {
    case 'filter':
      return (
        `# http_filters, before the router:\n${stringify([extprocFilter(data)])}` +
        `# and on each route that this policy covers:\n${stringify({ typed_per_filter_config: routePolicy(flags.policy) })}`
      );
    case 'cluster':
      return `# clusters:\n${stringify([extprocCluster(flags)])}`;
    case undefined: {
      if (!backend) command.error("error: required option '--backend <host:port>' not specified", { exitCode: 2 });
      const options: BootstrapOptions = { ...rest, data, backend, ...(backendTls && { backendCa }) };
      return `# Envoy in front of ${text(backend)}, policy ${flags.policy}\n${stringify(bootstrap(options))}`;
    }
  }
}

function text(at: SocketAddress): string {
  return at.host.includes(':') ? `[${at.host}]:${at.port}` : `${at.host}:${at.port}`;
}

export function parseAddress(value: string): Address {
  try {
    const address = parseListenAddress(value);
    // Envoy would take it as relative to wherever it was started.
    if ('path' in address && !address.path.startsWith('/')) throw new TypeError('write an absolute path after unix:');
    return address;
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

export function parseSocket(value: string): SocketAddress {
  const address = parseAddress(value);
  if ('path' in address) throw new InvalidArgumentError('Expected HOST:PORT, for example 127.0.0.1:8080.');
  return address;
}

export function parsePolicy(value: string): string {
  if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(value)) {
    throw new InvalidArgumentError('Expected NAMESPACE/NAME, for example shop/orders.');
  }
  return value;
}

export function parseBytes(value: string): number {
  const bytes = Number(value);
  // 1.4 times the largest body plus room must still fit Envoy's 32 bit limit.
  if (!Number.isInteger(bytes) || bytes < 1 || bytes > 2 ** 31) {
    throw new InvalidArgumentError('Expected a number of bytes between 1 and 2147483648.');
  }
  return bytes;
}
