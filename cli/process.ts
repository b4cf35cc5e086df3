/** `waxseal process`: one message through the same engine as the data plane. */

import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { Registry } from 'prom-client';
import { createLogger } from '../extproc/observe/log.ts';
import { AssertionIssuer } from '../extproc/pipeline/assertion/issuer.ts';
import { Exchange } from '../extproc/pipeline/exchange.ts';
import type { Verdict } from '../extproc/pipeline/verdict.ts';
import type { Outcome } from '../extproc/pipeline/outcome.ts';
import { MemoryReplayCache } from '../extproc/pipeline/replay-cache.ts';
import { inlineRunner, signOnPool } from '../extproc/pipeline/runner.ts';
import { TokenWaits } from '../extproc/pipeline/token-waits.ts';
import { TokenProvider } from '../extproc/sts/token-provider.ts';
import { exchangeToJson, readExchange } from './exchange-file.ts';
import { loadPolicy, messageMeta, readMessage, withMessageOptions, type MessageFlags } from './message-options.ts';

interface Flags extends MessageFlags {
  environment?: string;
  exchange?: string;
}

const REFUSED = 3;

export function processCommand(): Command {
  return withMessageOptions(new Command('process'))
    .description('apply a policy to one message: standard input to standard output')
    .option(
      '--exchange <file>',
      'what a response must know of its request: written in the request phase, read in the response phase. Holds keys',
    )
    .option('--environment <name>', 'what this environment is called: decides between credentials that name theirs')
    .addHelpText(
      'after',
      '\nExit status: 0 the message goes on, as printed; 3 it is refused: the fault that the client gets is printed, and one' +
        ' JSON line {"code","reason"} on standard error; 2 usage or configuration error.',
    )
    .action(async (flags: Flags) => {
      process.exitCode = await run(flags);
    });
}

async function run(flags: Flags): Promise<number> {
  const policy = await loadPolicy(flags);
  const message = await readMessage();
  const meta = messageMeta(flags, message);
  const verdicts: Verdict[] = [];
  const now = (): number => flags.now ?? Date.now();
  const tokens = new TokenProvider({ now, registry: new Registry(), logger: createLogger('silent') });
  const exchange = new Exchange(policy, meta, 'waxseal-process', {
    ...{ runner: inlineRunner, replay: new MemoryReplayCache(), tokens, now },
    assertions: new AssertionIssuer({ sign: signOnPool, now }),
    waits: new TokenWaits({ maxMessages: 1, maxBytes: Infinity }),
    ...(flags.environment !== undefined && { environment: flags.environment }),
    report: (verdict) => verdicts.push(verdict),
  });
  const nobodyGone = () => false;
  let outcome: Outcome;
  if (flags.phase === 'request') {
    outcome = await exchange.request(message, nobodyGone);
    if (flags.exchange !== undefined) await writeExchange(flags.exchange, exchange);
  } else {
    exchange.resume(await readExchange(flags.exchange));
    const status = Number(meta.headers.get(':status')?.[0] ?? 200);
    outcome = await exchange.response({ status, headers: meta.headers }, message, nobodyGone);
  }
  await tokens.close();
  // In Audit mode a message goes on that would be refused: that is worth a line, too.
  const failure = verdicts[0]?.failure;
  if (failure !== undefined) {
    console.error(JSON.stringify({ code: failure.code, reason: failure.reason }));
  }
  // Only where the boundary of a multipart message had to change.
  const contentType = outcome.kind === 'forward' && outcome.set.find(({ name }) => name === 'content-type')?.value;
  if (contentType) console.error(JSON.stringify({ contentType }));
  await print(
    outcome.kind === 'refuse' ? outcome.body : ((outcome.kind === 'forward' ? outcome.bytes : undefined) ?? message),
  );
  return outcome.kind === 'refuse' ? REFUSED : 0;
}

/** Waits until all of it is written: a pipe takes less at a time than a message may have. */
function print(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

async function writeExchange(file: string, exchange: Exchange): Promise<void> {
  await writeFile(file, exchangeToJson(exchange.state), { mode: 0o600 });
}
