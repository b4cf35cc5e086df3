/** What the commands that work on one message share: their options, and how the message is read. */

import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import type { CompiledPolicy } from '../extproc/pipeline/compile.ts';
import type { PeerCertificate } from '../extproc/pipeline/connection.ts';
import type { MessageMeta } from '../extproc/pipeline/conditions.ts';
import type { Phase } from '../extproc/pipeline/engine.ts';
import { loadPolicies } from '../extproc/pipeline/load-policies.ts';
import { SOAP12 } from '../extproc/wss/namespaces.ts';
import { formatProblem } from '../policy/problem.ts';
import { UsageError } from './usage-error.ts';

export interface MessageFlags {
  config: string;
  policy: string;
  phase: Phase;
  header: [string, string][];
  now?: number;
  clientCertificate?: PeerCertificate;
  claim: [string, string][];
}

export function withMessageOptions(command: Command): Command {
  return command
    .requiredOption('--config <folder>', 'folder (or file) with WSSecurityPolicy, Secret and ConfigMap manifests')
    .requiredOption('--policy <namespace/name>', 'the policy to apply')
    .addOption(
      new Option('--phase <phase>', 'the direction of the message')
        .choices(['request', 'response'])
        .makeOptionMandatory(),
    )
    .option(
      '--header <name: value>',
      "an HTTP header of the message; also :method, :path, :authority, :source (the client's address) and :status. Several times if need be",
      (text: string, previous: [string, string][]) => [...previous, parseHeader(text)],
      [],
    )
    .option(
      '--client-certificate <field=value>',
      "what Envoy would tell of the client's certificate in TLS: subject, uri, dns or sha256. Several times if need be",
      parseCertificate,
    )
    .option(
      '--claim <name=value>',
      'a claim of the JWT that Envoy would have verified. Several times if need be, also for several values',
      (text: string, previous: [string, string][]) => [...previous, parsePair(text)],
      [],
    )
    .option('--now <time>', 'the time to work at, as 2026-01-31T12:00:00Z (default: the present)', parseTime);
}

/**
 * @throws UsageError when the policy is not there or cannot work, with everything that is wrong with it
 */
export async function loadPolicy({ config, policy: id, now }: MessageFlags): Promise<CompiledPolicy> {
  const { policies, problems } = await loadPolicies([config], now ?? Date.now());
  const policy = policies.get(id);
  const errors = problems.filter(({ severity }) => severity === 'error').map(formatProblem);
  if (policy === undefined) {
    const known = [...policies.keys()].join(', ') || 'none';
    throw new UsageError([`${config} has no policy ${id}; it has: ${known}`, ...errors].join('\n'));
  }
  if (policy.broken !== undefined) {
    throw new UsageError([`the policy ${id} cannot work: ${policy.broken}`, ...errors].join('\n'));
  }
  return policy;
}

/** All of standard input. */
export async function readMessage(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** What the headers say; a Content-Type that is not given is the one of the envelope's SOAP version. */
export function messageMeta({ header, clientCertificate, claim }: MessageFlags, message: Buffer): MessageMeta {
  const headers = new Map<string, string[]>();
  for (const [name, value] of header) headers.set(name, [...(headers.get(name) ?? []), value]);
  if (!headers.has('content-type')) {
    const soap12 = message.subarray(0, ENVELOPE_START).includes(SOAP12);
    headers.set('content-type', [soap12 ? 'application/soap+xml; charset=utf-8' : 'text/xml; charset=utf-8']);
  }
  const [sourceIp] = headers.get(':source') ?? [];
  return {
    method: headers.get(':method')?.[0] ?? 'POST',
    path: headers.get(':path')?.[0] ?? '/',
    host: headers.get(':authority')?.[0] ?? headers.get('host')?.[0] ?? '',
    headers,
    ...(sourceIp !== undefined && { sourceIp }),
    connection: {
      ...(clientCertificate && { certificate: clientCertificate }),
      claims: new Map(
        Object.entries(Object.groupBy(claim, ([name]) => name)).map(([name, pairs = []]) => [
          name,
          pairs.map(([, value]) => value),
        ]),
      ),
    },
  };
}
/** Bytes within which an envelope declares its namespace. */
const ENVELOPE_START = 4096;

const CERTIFICATE_FIELDS: readonly (keyof PeerCertificate)[] = ['subject', 'uri', 'dns', 'sha256'];

function parseCertificate(text: string, previous: PeerCertificate = {}): PeerCertificate {
  const [name, value] = parsePair(text);
  const field = CERTIFICATE_FIELDS.find((known) => known === name);
  if (field === undefined) throw new InvalidArgumentError(`write one of ${CERTIFICATE_FIELDS.join(', ')} before the =`);
  return { ...previous, [field]: value };
}

function parsePair(text: string): [string, string] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('write it as name=value');
  return [text.slice(0, equals), text.slice(equals + 1)];
}

function parseHeader(text: string): [string, string] {
  const colon = text.indexOf(':', 1);
  if (colon < 0) throw new InvalidArgumentError('write it as "Name: value"');
  return [text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim()];
}

const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

function parseTime(text: string): number {
  const time = RFC3339.test(text) ? Date.parse(text.toUpperCase()) : NaN;
  if (Number.isNaN(time)) throw new InvalidArgumentError('write it as 2026-01-31T12:00:00Z (RFC 3339)');
  return time;
}
