/** `waxseal token`: asks a token service once, to see whether it can be asked and what it answers. */

import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { Command, InvalidArgumentError, Option } from 'commander';
import { Registry } from 'prom-client';
import { describeFailure } from '../extproc/pipeline/failure.ts';
import { NoCredentialError, TokenServiceError, TokenServiceFaultError } from '../extproc/sts/errors.ts';
import type { HeldToken } from '../extproc/sts/held-token.ts';
import type { TokenCredential, TokenServiceSettings } from '../extproc/sts/settings.ts';
import { TokenClient } from '../extproc/sts/token-client.ts';
import { TokenMetrics } from '../extproc/sts/token-metrics.ts';
import { readToken } from '../extproc/sts/ws-trust/read-token.ts';
import { WssError } from '../extproc/wss/errors.ts';
import type { CallerToken } from '../extproc/wss/issued-token.ts';
import { scan } from '../extproc/xml/scan.ts';
import { loadTokenService } from './load-token-service.ts';
import { UsageError } from './usage-error.ts';

type Operation = 'issue' | 'renew' | 'validate' | 'cancel';

interface Flags {
  config: string;
  service: string;
  operation: Operation;
  credential?: string;
  environment?: string;
  caller?: string;
  output?: string;
}

/** What is asked, and with what. */
interface Demand {
  readonly settings: TokenServiceSettings;
  readonly credential: TokenCredential | undefined;
  readonly caller: CallerToken | undefined;
}

const REFUSED = 3;

export function tokenCommand(): Command {
  return new Command('token')
    .description('ask a token service once, and say what it answers; never the token itself, nor a secret')
    .requiredOption('--config <folder>', 'folder (or file) with SecurityTokenService, Secret and ConfigMap manifests')
    .requiredOption('--service <namespace/name>', 'the token service to ask', parseServiceId)
    .addOption(
      new Option('--operation <operation>', 'what to ask for; all others get a token first')
        .choices(['issue', 'renew', 'validate', 'cancel'])
        .default('issue'),
    )
    .option('--credential <name>', 'the entry of `credentials` to ask with (default: the first without `when`)')
    .option('--environment <name>', 'what this environment is called: decides between credentials that name theirs')
    .option(
      '--caller <file>',
      'the token (XML) of the caller in whose name to ask, for services with onBehalfOf or actAs',
    )
    .option('--output <file>', 'a new file to write the token to, for nobody else to read')
    .addHelpText(
      'after',
      '\nPrints one JSON line. Exit status: 0 it answered; 3 there is no token, and why is one JSON line {"code","reason"} on' +
        ' standard error; 2 usage or configuration error.',
    )
    .action(async (flags: Flags) => {
      process.exitCode = await run(flags);
    });
}

async function run(flags: Flags): Promise<number> {
  const { settings, credential } = await loadTokenService(flags);
  checkOperation(flags, settings);
  const caller = await readCaller(flags, settings);
  // What fails is to be seen, not to be mended by trying again.
  const once = { ...settings, retryAttempts: 0 };
  const client = new TokenClient(once, { now: Date.now, metrics: new TokenMetrics(new Registry()) });
  try {
    const { held, ...facts } = await ask(client, flags.operation, { settings, credential, caller });
    if (flags.output !== undefined) await writeToken(flags.output, held);
    console.log(JSON.stringify({ operation: flags.operation, ...facts, ...describe(held, settings) }));
    return 0;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const { code, reason } = describeFailure(error);
    console.error(JSON.stringify({ code, reason: `${reason}; ${mend(error)}` }));
    return REFUSED;
  } finally {
    await client.close();
  }
}

interface Answer {
  readonly held: HeldToken;
  /** Of the operation alone. */
  readonly milliseconds: number;
  /** Of `validate`. */
  readonly valid?: boolean;
}

async function ask(client: TokenClient, operation: Operation, { credential, caller }: Demand): Promise<Answer> {
  const timed = async <T>(work: Promise<T>): Promise<{ readonly value: T; readonly milliseconds: number }> => {
    const began = performance.now();
    const value = await work;
    return { value, milliseconds: Math.round(performance.now() - began) };
  };
  const { value: held, milliseconds } = await timed(client.issue(credential, caller));
  switch (operation) {
    case 'issue':
      return { held, milliseconds };
    case 'renew': {
      const renewed = await timed(client.renew(held, credential, caller));
      return { held: renewed.value, milliseconds: renewed.milliseconds };
    }
    case 'validate': {
      const validated = await timed(client.validate(held, credential));
      return { held, milliseconds: validated.milliseconds, valid: validated.value };
    }
    case 'cancel': {
      const cancelled = await timed(client.cancel(held, credential));
      return { held, milliseconds: cancelled.milliseconds };
    }
  }
}

function describe({ token, obtained, expires }: HeldToken, { source }: TokenServiceSettings): Record<string, unknown> {
  const { bytes, reference, secret } = token;
  const octets = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const index = scan(octets);
  return {
    ...(source.kind === 'wsTrust' && { tokenType: source.tokenType, keyType: source.keyType }),
    ...{ element: `{${index.namespaceUri(0)}}${index.localName(0)}`, bytes: octets.length },
    sha256: createHash('sha256').update(octets).digest('hex'),
    ...(secret && { secretBits: secret.length * 8 }),
    ...(reference && { reference: reference.form }),
    ...{ obtained: new Date(obtained).toISOString(), expires: new Date(expires).toISOString() },
  };
}

function checkOperation({ operation, service }: Flags, { source }: TokenServiceSettings): void {
  if (operation === 'issue' || source.kind === 'wsTrust') return;
  throw new UsageError(
    `the token service ${service} is external, and can only issue; leave --operation ${operation} out`,
  );
}

async function readCaller(
  { caller: file, service }: Flags,
  { source }: TokenServiceSettings,
): Promise<CallerToken | undefined> {
  const delegates = source.kind === 'wsTrust' && source.delegation !== undefined;
  if (file === undefined) {
    if (!delegates) return undefined;
    throw new UsageError(
      `the token service ${service} is asked in a caller's name; give the caller's token as --caller FILE`,
    );
  }
  if (!delegates) {
    throw new UsageError(`the token service ${service} has neither onBehalfOf nor actAs; leave --caller out`);
  }
  let octets: Buffer;
  try {
    octets = await readFile(file);
  } catch (error) {
    throw new UsageError(`${file} cannot be read (${codeOf(error)}); name a file with the caller's token`);
  }
  try {
    return { bytes: readToken(octets).bytes, identity: 'command line' };
  } catch (error) {
    if (!(error instanceof TokenServiceError)) throw error;
    throw new UsageError(`${file} does not hold a token: one XML element, such as saml2:Assertion, is expected`);
  }
}

/** Never over a file that is there: its rights would stay as they are. */
async function writeToken(file: string, { token }: HeldToken): Promise<void> {
  try {
    await writeFile(file, token.bytes, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw new UsageError(`${file} cannot be written (${codeOf(error)}); name a file that does not exist yet`);
  }
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code);
}

function isRefusal(error: unknown): error is TokenServiceError | NoCredentialError | WssError {
  return error instanceof TokenServiceError || error instanceof NoCredentialError || error instanceof WssError;
}

/** What to look at, by the stable code of the failure. */
const MENDING: Readonly<Record<string, string>> = {
  ERR_STS_UNREACHABLE: 'check its url, tls.caRef, and whether it wants a client certificate (mtls)',
  ERR_STS_TIMEOUT: 'check whether it is there, or raise connectionTimeout',
  ERR_STS_STATUS: 'check the path of its url, and what the service logs',
  ERR_STS_ANSWER: 'check version, soapVersion, tokenType and verify against what the service does',
  ERR_NO_CREDENTIAL: 'put into the Secret of the credential what authentication needs',
};
const MENDING_FAULTS: Readonly<Record<string, string>> = {
  FailedAuthentication: 'check the user name and password, or the key, of the credential',
  InvalidSecurity: 'check authentication against what the service demands',
  MessageExpired: 'check the clocks, and the ttl of the timestamp',
  InvalidScope: 'check appliesTo',
};

function mend(error: TokenServiceError | NoCredentialError | WssError): string {
  const byFault = error instanceof TokenServiceFaultError ? MENDING_FAULTS[error.fault] : undefined;
  return byFault ?? MENDING[error.code] ?? 'check authentication, appliesTo and claims, and what the service logs';
}

function parseServiceId(text: string): string {
  if (!/^[^/\s]+\/[^/\s]+$/.test(text)) throw new InvalidArgumentError('write it as namespace/name');
  return text;
}
