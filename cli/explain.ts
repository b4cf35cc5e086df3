/** `waxseal explain`: why a message verifies or not. */

import { Command } from 'commander';
import type { CompiledPolicy } from '../extproc/pipeline/compile.ts';
import type { MessageMeta } from '../extproc/pipeline/conditions.ts';
import type { Phase } from '../extproc/pipeline/engine.ts';
import { contentCodings, decodeBody, messageTypeOf } from '../extproc/pipeline/entity.ts';
import { openRelated } from '../extproc/pipeline/related.ts';
import { SoapVersionError } from '../extproc/pipeline/errors.ts';
import { describeFailure } from '../extproc/pipeline/failure.ts';
import { soapActions } from '../extproc/pipeline/request-values.ts';
import type { ExchangeState } from '../extproc/wss/exchange-state.ts';
import { explain, type Explanation, type Finding } from '../extproc/wss/explain.ts';
import { operationOf, scanSoap, type SoapMessage } from '../extproc/wss/soap.ts';
import { askingResponders } from './asking-responders.ts';
import { readExchange } from './exchange-file.ts';
import { loadPolicy, messageMeta, readMessage, withMessageOptions, type MessageFlags } from './message-options.ts';

interface Flags extends MessageFlags {
  exchange?: string;
  json: boolean;
}

const REFUSED = 3;

export function explainCommand(): Command {
  return withMessageOptions(new Command('explain'))
    .description(
      'why a message (standard input) verifies or not: each token, reference and digest, and the likely cause',
    )
    .option('--exchange <file>', 'of the request, as "waxseal process --exchange" wrote it, to explain its response')
    .option('--json', 'print one JSON document', false)
    .addHelpText('after', '\nExit status: 0 the message verifies; 3 it does not; 2 usage or configuration error.')
    .action(async (flags: Flags) => {
      process.exitCode = await run(flags);
    });
}

async function run(flags: Flags): Promise<number> {
  const policy = await loadPolicy(flags);
  const bytes = await readMessage();
  const state = await readExchange(flags.exchange);
  const explanation = await explainMessage(
    policy,
    flags.phase,
    messageMeta(flags, bytes),
    bytes,
    state,
    flags.now ?? Date.now(),
  );
  console.log(flags.json ? JSON.stringify(explanation, undefined, 2) : asText(explanation));
  return explanation.accepted ? 0 : REFUSED;
}

async function explainMessage(
  policy: CompiledPolicy,
  phase: Phase,
  meta: MessageMeta,
  bytes: Buffer,
  exchange: ExchangeState,
  now: number,
): Promise<Explanation> {
  const findings: Finding[] = [];
  let message: SoapMessage;
  try {
    message = readBody(policy, meta, bytes);
  } catch (error) {
    const { code, reason } = describeFailure(error);
    findings.push({ about: 'Message', ok: false, detail: reason });
    return { accepted: false, refusal: { code, reason }, findings };
  }
  findings.push({
    about: 'Message',
    ok: true,
    detail: `SOAP ${message.version}, operation ${operationOf(message) ?? 'none'}`,
  });
  if (phase === 'request' && policy.enabled && !policy.matches(meta, operationOf(message))) {
    findings.push({
      about: 'Policy',
      detail: 'its conditions do not hold for this message, which would pass untouched',
    });
  }
  if (!policy.enabled)
    findings.push({ about: 'Policy', detail: 'it is not enabled: the message would pass untouched' });
  const settings = policy[phase].verify;
  if (settings === undefined) {
    findings.push({ about: 'Policy', detail: `it demands nothing of a ${phase}` });
    return { accepted: true, findings };
  }
  const explained = await askingResponders((revocation) =>
    explain(message, settings, {
      ...{ now, exchange, limits: policy.limits.xml },
      ...{ soapActions: soapActions(meta.headers), isResponse: phase === 'response' },
      ...(revocation && { revocation }),
    }),
  );
  return { ...explained, findings: [...findings, ...explained.findings] };
}

function readBody({ limits }: CompiledPolicy, { headers }: MessageMeta, bytes: Buffer): SoapMessage {
  const type = messageTypeOf(headers);
  const decoded = decodeBody(bytes, contentCodings(headers), limits.maxBodyBytes);
  const opened = 'related' in type ? openRelated(decoded, type.related, limits) : undefined;
  const message = scanSoap(opened?.root.body ?? decoded, limits.xml, opened?.opened);
  const version = 'related' in type ? opened?.soapVersion : type.soapVersion;
  if (message.version !== version) {
    throw new SoapVersionError(`a SOAP ${message.version} envelope with the content type of SOAP ${version}`);
  }
  return message;
}

function asText({ accepted, refusal, findings }: Explanation): string {
  const lines = findings.flatMap(({ about, ok, detail, cause }) => [
    `${ok === undefined ? '     ' : ok ? 'ok   ' : 'WRONG'} ${about}: ${detail}`,
    ...(cause === undefined ? [] : [`      likely: ${cause}`]),
  ]);
  const verdict = accepted
    ? 'The message verifies.'
    : `The message is refused: ${refusal?.code ?? ''} (${refusal?.reason ?? ''}).`;
  return [...lines, '', verdict].join('\n');
}
