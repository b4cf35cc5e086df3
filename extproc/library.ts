/**
 * The engine for other transports than HTTP: `import { openEngine } from 'waxseal'`. Messages of a queue, a mail or a file
 * are secured and verified by the same policies, by the same code as behind Envoy.
 */

import { Registry } from 'prom-client';
import { formatProblem } from '../policy/problem.ts';
import { AssertionIssuer } from './pipeline/assertion/issuer.ts';
import { createLogger } from './observe/log.ts';
import type { Phase } from './pipeline/engine.ts';
import { Exchange } from './pipeline/exchange.ts';
import { loadPolicies } from './pipeline/load-policies.ts';
import { MemoryReplayCache, type ReplayCache } from './pipeline/replay-cache.ts';
import { inlineRunner, signOnPool } from './pipeline/runner.ts';
import { TokenWaits } from './pipeline/token-waits.ts';
import type { Verdict } from './pipeline/verdict.ts';
import { TokenProvider } from './sts/token-provider.ts';
import { EMPTY_EXCHANGE, type ExchangeState } from './wss/exchange-state.ts';

export type { ExchangeState, Phase, ReplayCache };
export { MemoryReplayCache };

/** The policies cannot be used, or there is none of the name. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
}

export interface EngineOptions {
  /** Folder of `WSSecurityPolicy`, Secret and ConfigMap manifests. */
  readonly config: string;
  /** What this environment is called; decides between credentials. */
  readonly environment?: string;
  /** What remembers messages that were seen; default: this process, as long as the engine is open. */
  readonly replay?: ReplayCache;
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly now?: () => number;
}

export interface Message {
  /** `namespace/name`. */
  readonly policy: string;
  readonly phase: Phase;
  readonly body: Uint8Array;
  /** As of HTTP, names in lower case; `content-type` says which SOAP it is. Default: that of SOAP 1.1. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Of a response: what `process` gave for its request. Holds keys. */
  readonly exchange?: ExchangeState;
}

export type Processed =
  | {
      readonly accepted: true;
      /** What goes on. */
      readonly body: Buffer;
      /** Headers that the policy sets, such as the verified identity. */
      readonly headers: Readonly<Record<string, string>>;
      readonly exchange: ExchangeState;
    }
  | {
      readonly accepted: false;
      /** The fault for the sender. */
      readonly body: Buffer;
      readonly code: string;
      /** For a log, not for the sender. */
      readonly reason: string;
    };

export interface Engine {
  /** @throws EngineError when there is no such policy; a message that is refused is a result */
  process(message: Message): Promise<Processed>;
  /** Ends what it holds open. */
  close(): Promise<void>;
}

/** @throws EngineError when a policy of the folder has an error */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { config, environment, replay = new MemoryReplayCache(), now = Date.now } = options;
  const { policies, problems } = await loadPolicies([config], now());
  const errors = problems.filter(({ severity }) => severity === 'error').map(formatProblem);
  if (errors.length > 0) throw new EngineError(errors.join('\n'));
  const tokens = new TokenProvider({ now, registry: new Registry(), logger: createLogger('silent') });
  const assertions = new AssertionIssuer({ sign: signOnPool, now });
  const waits = new TokenWaits({ maxMessages: 1024, maxBytes: Infinity });
  return {
    close: () => tokens.close(),
    process: async ({ policy: id, phase, body, headers: given = {}, exchange: state = EMPTY_EXCHANGE }) => {
      const policy = policies.get(id);
      if (policy === undefined) throw new EngineError(`${config} has no policy ${id}`);
      const headers = new Map(Object.entries({ 'content-type': 'text/xml', ...given }).map(([name, v]) => [name, [v]]));
      const verdicts: Verdict[] = [];
      const services = {
        ...{ runner: inlineRunner, replay, tokens, assertions, waits, now },
        ...(environment !== undefined && { environment }),
        report: (verdict: Verdict) => void verdicts.push(verdict),
      };
      const exchange = new Exchange(policy, { method: 'POST', path: '/', host: '', headers }, 'waxseal', services);
      const bytes = Buffer.from(body);
      if (phase === 'response') exchange.resume(state);
      const outcome =
        phase === 'request'
          ? await exchange.request(bytes, () => false)
          : await exchange.response({ status: 200, headers }, bytes, () => false);
      if (outcome.kind === 'refuse') {
        return { accepted: false, body: outcome.body, code: outcome.code, reason: outcome.reason };
      }
      const changes = outcome.kind === 'forward' ? outcome : undefined;
      const set = changes?.set.map(({ name, value }) => [name, value] as const) ?? [];
      return {
        accepted: true,
        body: changes?.bytes === undefined ? Buffer.from(body) : Buffer.from(changes.bytes),
        headers: Object.fromEntries(set),
        exchange: exchange.state,
      };
    },
  };
}
