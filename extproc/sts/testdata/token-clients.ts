/** Clients of a token service of the test's own. */

import assert from 'node:assert/strict';
import { afterEach } from 'node:test';
import { inspect } from 'node:util';
import { Registry } from 'prom-client';
import { tokenService, trustSource, userCredential } from '../../../test/support/token-services.ts';
import { TrustResponder } from '../../../test/support/trust-responder.ts';
import type { TokenServiceSettings, WsTrustSettings } from '../settings.ts';
import { TokenClient } from '../token-client.ts';
import { TokenMetrics } from '../token-metrics.ts';

export const USER = userCredential('warehouse', 'pässword & <more>');
export const TEXT = { usernameToken: { passwordType: 'Text', nonce: false, created: false } } as const;

export const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

export async function responder(port?: number): Promise<TrustResponder> {
  const sts = await TrustResponder.start(port);
  cleanUp.push(() => sts.close());
  return sts;
}

/** A client whose pauses take no time, and whose clock shows `time`. */
export function clientOf(
  url: string,
  source: Partial<WsTrustSettings> = {},
  settings: Partial<TokenServiceSettings> = {},
  time: { now: number } = { now: Date.now() },
) {
  const registry = new Registry();
  const service = tokenService(trustSource({ url, ...TEXT, ...source }), settings);
  const client = new TokenClient(service, {
    now: () => time.now,
    metrics: new TokenMetrics(registry),
    sleep: () => Promise.resolve(),
  });
  cleanUp.push(() => client.close());
  return { client, registry, time };
}

export async function count(registry: Registry, line: string): Promise<string | undefined> {
  const text = await registry.metrics();
  return text
    .split('\n')
    .find((each) => each.startsWith(line))
    ?.split(' ')
    .at(-1);
}

/** @returns it, after seeing that it tells nothing of the request */
export async function failure(answer: Promise<unknown>): Promise<Error> {
  const error: unknown = await answer.then(
    () => assert.fail('it succeeded'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Error);
  const told = inspect(error).split('\n    at ', 1)[0] + error.message;
  assert.doesNotMatch(told, /127\.0\.0\.1|tenant|warehouse|pässword|more>|elsewhere|http:|:\d{4}/);
  return error;
}
