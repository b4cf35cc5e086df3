/** Exchanges under policies that ask token services, where the test itself is where tokens come from. */

import assert from 'node:assert/strict';
import { AssertionIssuer } from '../../extproc/pipeline/assertion/issuer.ts';
import { compileBundle, type CompiledPolicy } from '../../extproc/pipeline/compile.ts';
import type { MessageMeta } from '../../extproc/pipeline/conditions.ts';
import { Exchange } from '../../extproc/pipeline/exchange.ts';
import { MemoryReplayCache } from '../../extproc/pipeline/replay-cache.ts';
import { inlineRunner, signOnPool } from '../../extproc/pipeline/runner.ts';
import { TokenWaits } from '../../extproc/pipeline/token-waits.ts';
import type { Verdict } from '../../extproc/pipeline/verdict.ts';
import { HttpClient } from '../../extproc/sts/http-client.ts';
import type { TokenDemand } from '../../extproc/sts/token-provider.ts';
import type { TokenInUse } from '../../extproc/wss/issued-token.ts';
import { parseManifests } from '../../policy/load.ts';
import { resolve } from '../../policy/resolve.ts';
import { manifestFile } from './policies.ts';

/** Asked in the caller's name, with two credentials. */
const STS = {
  ...{ apiVersion: 'waxseal.dev/v1alpha1', kind: 'SecurityTokenService', metadata: { name: 'sts', namespace: 'shop' } },
  spec: {
    wsTrust: { url: 'https://sts.example/trust', onBehalfOf: 'VerifiedToken' },
    credentials: [
      {
        name: 'acme',
        when: { all: [{ source: 'Header', name: 'x-partner', operator: 'Equals', values: ['acme'] }] },
        secretRef: { name: 'login' },
      },
      {
        name: 'order',
        when: { all: [{ source: 'Operation', operator: 'Equals', values: ['{urn:shop}Order'] }] },
        environments: ['prod'],
        secretRef: { name: 'login' },
      },
    ],
  },
};
/** Without a credential messages pass. */
const PASSING = {
  ...STS,
  metadata: { name: 'passing', namespace: 'shop' },
  spec: { ...STS.spec, wsTrust: { url: 'https://sts.example/trust' }, onNoCredential: 'PassUnchanged' },
};
/** Asked by nobody in particular. */
const OPEN = {
  ...STS,
  metadata: { name: 'open', namespace: 'shop' },
  spec: { wsTrust: { url: 'https://sts.example/trust' } },
};
/** `secure` with a token of that service. */
export const withToken = (name: string, more: object = {}) => ({ securityToken: { serviceRef: { name }, ...more } });
/** An entry of a pool of credentials. */
export const entry = (name: string, partner: string) => ({
  name,
  when: { all: [{ source: 'Header', name: 'x-partner', operator: 'Equals', values: [partner] }] },
  secretRef: { name: 'login' },
});

/** Compiles policies beside the services `sts`, `passing` and `open`; none may be broken. */
export function tokenPolicies(specs: Record<string, object>): ReadonlyMap<string, CompiledPolicy> {
  const services = [STS, PASSING, OPEN].map((service) => JSON.stringify(service));
  const { manifests } = parseManifests([manifestFile(specs), ...services].join('\n---\n'));
  const { bundle, problems } = resolve(manifests);
  assert.deepEqual(
    problems.filter(({ severity }) => severity === 'error'),
    [],
  );
  const { policies: compiled } = compileBundle(bundle);
  for (const { id, broken } of compiled.values()) assert.equal(broken, undefined, id);
  return compiled;
}

export const ASSERTION =
  '<saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1">token-text</saml2:Assertion>';
export const token = (text = ASSERTION): TokenInUse => ({ token: { bytes: Buffer.from(text) } });
export const here = () => false;

export function meta(headers: Record<string, string> = {}): MessageMeta {
  const all = { 'content-type': 'text/xml', ...headers };
  return {
    ...{ method: 'POST', path: '/orders?x=1', host: 'shop.example' },
    headers: new Map(Object.entries(all).map(([name, value]) => [name, [value]])),
  };
}

export interface Bench {
  readonly exchange: Exchange;
  readonly demands: TokenDemand[];
  readonly refused: TokenInUse[];
  readonly verdicts: Verdict[];
}

export interface Settings {
  readonly request?: MessageMeta;
  /** Tokens in turn; an Error is what there is instead. */
  readonly tokens?: readonly (TokenInUse | Error)[];
  readonly another?: boolean;
  readonly environment?: string;
  readonly resender?: HttpClient;
}

export function begin(all: ReadonlyMap<string, CompiledPolicy>, policy: string, settings: Settings = {}): Bench {
  const { request = meta(), tokens = [token()], another = true, environment, resender = new HttpClient({}) } = settings;
  const found = all.get(`shop/${policy}`);
  assert.ok(found, policy);
  const demands: TokenDemand[] = [];
  const refused: TokenInUse[] = [];
  const verdicts: Verdict[] = [];
  const exchange = new Exchange(found, request, 'id-1', {
    ...{ runner: inlineRunner, replay: new MemoryReplayCache(), resender, now: Date.now },
    tokens: {
      obtain(demand) {
        demands.push(demand);
        const next = tokens[Math.min(demands.length, tokens.length) - 1];
        if (next instanceof Error) return Promise.reject(next);
        return demands.length === 1 ? next : Promise.resolve(next);
      },
      backendRefused(_demand, used) {
        refused.push(used);
        return Promise.resolve(another);
      },
    },
    assertions: new AssertionIssuer({ sign: signOnPool, now: Date.now }),
    waits: new TokenWaits({ maxMessages: 10, maxBytes: 1e6 }),
    ...(environment !== undefined && { environment }),
    report: (verdict) => verdicts.push(verdict),
  });
  return { exchange, demands, refused, verdicts };
}
