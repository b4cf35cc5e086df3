/** `waxseal convert`: policies from what users have today, and back to what partners read. */

import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { ConversionError, formatFinding, type Finding } from '../policy/convert/finding.ts';
import type { InputFile, WsdlOptions } from '../policy/convert/security-policy/convert.ts';
import { UsageError } from './usage-error.ts';

interface Flags {
  from?: 'ws-securitypolicy' | 'boomi' | 'apinizer';
  to?: 'ws-securitypolicy';
  side?: 'client' | 'service';
  name?: string;
  namespace?: string;
  service?: string;
  port?: string;
  operation?: string;
  include: string[];
  signatureHash?: WsdlOptions['signatureHash'];
  config?: string;
  policy?: string;
  strict: boolean;
}

/** Something is missing from the result, or with --strict something is left to do. */
const INCOMPLETE = 1;
const MAX_INPUT_BYTES = 8 * 1024 * 1024;

export function convertCommand(): Command {
  return new Command('convert')
    .description('make a policy from a WSDL with WS-SecurityPolicy or from settings of Boomi or Apinizer, and back')
    .argument('[file]', 'with --from: what to convert')
    .addOption(new Option('--from <what>', 'what the file is').choices(['ws-securitypolicy', 'boomi', 'apinizer']))
    .addOption(new Option('--to <what>', 'what to make of a policy').choices(['ws-securitypolicy']))
    .addOption(
      new Option('--side <side>', 'whether the gateway calls the service (client) or protects it (service)').choices([
        'client',
        'service',
      ]),
    )
    .option('--name <name>', 'name of the policy (default: after the file)', parseName)
    .option('-n, --namespace <namespace>', 'namespace of the policy', parseName)
    .option('--service <name>', 'of a WSDL: local name of the service')
    .option('--port <name>', 'of a WSDL: local name of the port')
    .option('--operation <name>', 'of a WSDL: only this operation')
    .option('--include <file...>', 'documents that the WSDL imports or refers to; nothing else is read', [])
    .addOption(
      new Option(
        '--signature-hash <hash>',
        'hash of signatures, where the peer takes another than its algorithm suite says',
      ).choices([...['SHA1', 'SHA256', 'SHA384', 'SHA512']]),
    )
    .option('--config <folder>', 'with --to: folder or file of manifests')
    .option('--policy <namespace/name>', 'with --to: the policy')
    .option('--strict', 'exit status 1 also when something is left to do elsewhere, was chosen, or is weak', false)
    .addHelpText(
      'after',
      `
Writes the result to standard output, and to standard error a line for everything that it does not express (error) and everything that
is worth knowing (note). Exit status: 0, all is expressed; 1, something is not; 2, the input cannot be read. Passwords are never written.

Examples:
  waxseal convert --from ws-securitypolicy orders.wsdl > orders.yaml
  waxseal convert --from ws-securitypolicy orders.wsdl --side service --port OrdersPort --include types.wsdl
  waxseal convert --from boomi inputs.txt --name orders
  waxseal convert --from apinizer policy.json
  waxseal convert --to ws-securitypolicy --config ./manifests --policy shop/orders > orders.wsdl`,
    )
    .action(async (file: string | undefined, flags: Flags) => {
      try {
        const { text, findings } = await convert(file, flags);
        process.stdout.write(text);
        for (const finding of findings) console.error(formatFinding(finding));
        const counted = flags.strict ? findings : findings.filter(({ severity }) => severity === 'error');
        if (counted.length > 0) process.exitCode = INCOMPLETE;
      } catch (error) {
        if (error instanceof ConversionError) throw new UsageError(error.message);
        throw error;
      }
    });
}

interface Result {
  readonly text: string;
  readonly findings: readonly Finding[];
}

async function convert(file: string | undefined, flags: Flags): Promise<Result> {
  if ((flags.from === undefined) === (flags.to === undefined)) throw new UsageError('give either --from or --to');
  if (flags.to !== undefined) {
    if (flags.config === undefined || flags.policy === undefined)
      throw new UsageError('give --config and --policy with --to');
    const { load } = await import('../policy/load.ts');
    const { printSecurityPolicy } = await import('../policy/convert/partner/print.ts');
    const { manifests, problems } = await load([flags.config]);
    for (const { file, line, message } of problems)
      console.error(`${[file, line].filter(Boolean).join(':')}: ${message}`);
    const { xml, findings } = printSecurityPolicy(manifests, flags.policy, flags.side);
    return { text: xml, findings };
  }
  if (file === undefined) throw new UsageError('give the file to convert');
  const input = await readInput(file);
  const naming = {
    name: flags.name ?? (await nameOf(file)),
    ...(flags.namespace !== undefined && { namespace: flags.namespace }),
  };
  switch (flags.from) {
    case 'ws-securitypolicy': {
      const { convertSecurityPolicy } = await import('../policy/convert/security-policy/convert.ts');
      const include = await Promise.all(flags.include.map(readInput));
      const { service, port, operation, signatureHash, side = 'client' } = flags;
      const { yaml, findings } = convertSecurityPolicy(input, {
        service,
        port,
        operation,
        signatureHash,
        side,
        naming,
        include,
      });
      return { text: yaml, findings };
    }
    case 'boomi': {
      const { convertBoomi } = await import('../policy/convert/boomi/boomi.ts');
      const { yaml, findings } = convertBoomi(file, input.bytes.toString(), naming);
      return { text: yaml, findings };
    }
    default: {
      const { convertApinizer } = await import('../policy/convert/apinizer/apinizer.ts');
      const { yaml, findings } = convertApinizer(file, input.bytes.toString(), naming);
      return { text: yaml, findings };
    }
  }
}

async function nameOf(file: string): Promise<string> {
  const { dnsLabel } = await import('../policy/convert/security-policy/convert.ts');
  return dnsLabel(path.basename(file, path.extname(file)));
}

async function readInput(file: string): Promise<InputFile> {
  try {
    if ((await stat(file)).size > MAX_INPUT_BYTES) throw new Error(`larger than ${MAX_INPUT_BYTES} bytes`);
    return { file, bytes: await readFile(file) };
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message}`);
  }
}

function parseName(text: string): string {
  if (!/^[a-z0-9]([-a-z0-9]{0,51}[a-z0-9])?$/.test(text)) {
    throw new InvalidArgumentError('letters a to z, digits and "-" are expected, at most 53');
  }
  return text;
}
