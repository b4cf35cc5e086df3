/** Exchanges under policies about Kerberos, whose tickets come from a real KDC. */

import assert from 'node:assert/strict';
import { Registry } from 'prom-client';
import { createLogger } from '../../extproc/observe/log.ts';
import { compileBundle, type CompiledPolicy } from '../../extproc/pipeline/compile.ts';
import { Exchange } from '../../extproc/pipeline/exchange.ts';
import type { Outcome } from '../../extproc/pipeline/outcome.ts';
import { AssertionIssuer } from '../../extproc/pipeline/assertion/issuer.ts';
import { inlineRunner, signOnPool } from '../../extproc/pipeline/runner.ts';
import { MemoryReplayCache } from '../../extproc/pipeline/replay-cache.ts';
import { TokenWaits } from '../../extproc/pipeline/token-waits.ts';
import type { Verdict } from '../../extproc/pipeline/verdict.ts';
import { HttpClient } from '../../extproc/sts/http-client.ts';
import { TokenProvider } from '../../extproc/sts/token-provider.ts';
import type { Problem } from '../../policy/problem.ts';
import { parseManifests } from '../../policy/load.ts';
import { resolve } from '../../policy/resolve.ts';
import { policyManifest } from './policies.ts';
import { meta } from './token-exchange.ts';

export const SERVICE_NAME = 'HTTP/backend.waxseal.test';
export const CLIENT_NAME = 'gateway';

export function binarySecret(name: string, data: Readonly<Record<string, Uint8Array>>): string {
  const encoded = Object.entries(data).map(([key, octets]) => [key, Buffer.from(octets).toString('base64')]);
  return JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'shop' } },
    data: Object.fromEntries(encoded) as object,
  });
}

/** Compiles policies `shop/NAME` with these Secrets beside them. */
export function kerberosPolicies(
  specs: Readonly<Record<string, object>>,
  secrets: readonly string[],
): { policies: ReadonlyMap<string, CompiledPolicy>; problems: readonly Problem[] } {
  const policies = Object.entries(specs).map(([name, spec]) => policyManifest(name, spec));
  const { manifests } = parseManifests([...policies, ...secrets].join('\n---\n'));
  const { bundle, problems } = resolve(manifests);
  const compiled = compileBundle(bundle);
  return { policies: compiled.policies, problems: [...problems, ...compiled.problems] };
}

/** One process: what it has seen, and its tickets. */
export class Gateway {
  readonly #policies: ReadonlyMap<string, CompiledPolicy>;
  readonly #replay = new MemoryReplayCache();
  readonly tokens: TokenProvider;
  readonly log: string[] = [];
  readonly verdicts: Verdict[] = [];
  readonly #now: () => number;

  constructor(policies: ReadonlyMap<string, CompiledPolicy>, now: () => number = Date.now) {
    this.#policies = policies;
    this.#now = now;
    const logger = createLogger('info', { write: (line: string) => void this.log.push(line) });
    this.tokens = new TokenProvider({ now, registry: new Registry(), logger });
  }

  begin(policy: string): Exchange {
    const found = this.#policies.get(`shop/${policy}`);
    assert.ok(found, policy);
    return new Exchange(found, meta(), 'id-1', {
      ...{ runner: inlineRunner, replay: this.#replay, resender: new HttpClient({}), now: this.#now },
      tokens: this.tokens,
      assertions: new AssertionIssuer({ sign: signOnPool, now: this.#now }),
      waits: new TokenWaits({ maxMessages: 100, maxBytes: 1e7 }),
      report: (verdict) => this.verdicts.push(verdict),
    });
  }

  request(policy: string, message: Buffer): Promise<Outcome> {
    return this.begin(policy).request(message, () => false);
  }

  /** @returns the message as it goes on */
  async send(policy: string, message: Buffer): Promise<Buffer> {
    return bodyOf(await this.request(policy, message), this.verdicts.at(-1));
  }
}

/** @throws AssertionError when the message was refused */
export function bodyOf(outcome: Outcome, verdict?: Verdict): Buffer {
  assert.ok(outcome.kind === 'forward' && outcome.bytes, JSON.stringify([outcome, verdict?.failure]));
  return Buffer.from(outcome.bytes);
}
