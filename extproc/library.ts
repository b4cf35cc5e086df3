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
import type { SharedStore, SharedStoreLocation, SharedStoreOptions } from './redis/shared-store.ts';
import { TokenProvider } from './sts/token-provider.ts';
import { EMPTY_EXCHANGE, type ExchangeState } from './wss/exchange-state.ts';

export type { ExchangeState, Phase, ReplayCache, SharedStoreLocation };
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
  /** Redis where processes share what they have seen, and tokens. It is connected to in the background. */
  readonly shared?: SharedStoreLocation;
  /** What remembers messages that were seen; default: `shared`, or this process as long as the engine is open. */
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
  /**
   * With `shared`: the name of this delivery, the same when a queue delivers the message again because its consumer did not
   * finish: then it is not taken for a replay. No two messages of a queue have the same.
   */
  readonly delivery?: string;
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
      /** It is not the message: a token service or the replay cache does not answer. It may be tried again. */
      readonly temporary: boolean;
    };

export interface Engine {
  /** @throws EngineError when there is no such policy; a message that is refused is a result */
  process(message: Message): Promise<Processed>;
  /** Ends what it holds open. */
  close(): Promise<void>;
}

/**
 * @throws EngineError when a policy of the folder has an error
 * @throws RedisUrlError, RedisTlsError, CacheKeysError when `shared` can never work
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { config, environment, now = Date.now } = options;
  const { policies, problems } = await loadPolicies([config], now());
  const errors = problems.filter(({ severity }) => severity === 'error').map(formatProblem);
  if (errors.length > 0) throw new EngineError(errors.join('\n'));
  const observed = { now, registry: new Registry(), logger: createLogger('silent') };
  const shared = options.shared && (await openShared({ ...options.shared, ...observed }));
  const replay: ReplayCache = options.replay ?? shared?.replay ?? new MemoryReplayCache();
  const tokens = new TokenProvider({
    ...observed,
    ...(shared && { shared: shared.tokens, indexKey: () => shared.indexKey() }),
  });
  const assertions = new AssertionIssuer({ sign: signOnPool, now });
  const waits = new TokenWaits({ maxMessages: 1024, maxBytes: Infinity });
  return {
    close: async () => {
      await tokens.close();
      shared?.close();
    },
    process: async ({ policy: id, phase, body, headers: given = {}, exchange: state = EMPTY_EXCHANGE, delivery }) => {
      const policy = policies.get(id);
      if (policy === undefined) throw new EngineError(`${config} has no policy ${id}`);
      const headers = new Map(Object.entries({ 'content-type': 'text/xml', ...given }).map(([name, v]) => [name, [v]]));
      const verdicts: Verdict[] = [];
      const services = {
        ...{ runner: inlineRunner, tokens, assertions, waits, now },
        replay: {
          remember: (...[entries, at, mode]) => replay.remember(entries, at, mode, delivery),
        } satisfies ReplayCache,
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
        const temporary = verdicts[0]?.failure?.kind === 'Unavailable';
        return { accepted: false, body: outcome.body, code: outcome.code, reason: outcome.reason, temporary };
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

/** Its client takes 20 MB, which those without a Redis need not pay. */
async function openShared(options: SharedStoreOptions): Promise<SharedStore> {
  const { openSharedStore } = await import('./redis/shared-store.ts');
  return openSharedStore(options);
}
