/**
 * Sends a message a second time, with another token. Envoy can repeat a request but not change it meanwhile, so this is
 * one by ourselves: to the address that the policy names, once, and only after the backend has refused the first for a
 * reason of security.
 */

import type { HttpAnswer, HttpRequest } from '../sts/http-client.ts';
import type { CompiledPolicy, PhaseToken } from './compile.ts';
import type { MessageMeta } from './conditions.ts';
import type { JobDone } from './engine.ts';
import { PipelineError } from './errors.ts';
import type { ResponseMeta } from './exchange.ts';
import { forward, type Forward, type Outcome } from './outcome.ts';
import { secureWithAnotherToken, type MessageServices, type TokenUse } from './process-message.ts';

/** What sends it. */
export interface Resender {
  /** @throws PipelineError when there is no answer */
  request(request: HttpRequest): Promise<HttpAnswer>;
}

/** The second attempt, as if it had been the first. */
export interface Resent {
  readonly response: ResponseMeta;
  readonly body: Buffer;
  /** The work on the request. */
  readonly result: JobDone;
}

/** Milliseconds for the backend: with the wait for the token within what Envoy gives a response. */
const TIMEOUT = 6000;
/** Those that concern one connection (RFC 9110 §7.6.1), those that frame the body, and those we answer for ourselves. */
const NOT_HANDED_ON: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect'],
  ...['content-length', 'accept-encoding'],
]);
/** What Envoy says of its own: it takes none of that from us, and with it no other header of an answer. */
const OF_ENVOY = 'x-envoy-';

/**
 * @returns undefined when there is no other token, or the second attempt got no answer: the first answer stands
 */
export async function resend(
  policy: CompiledPolicy,
  { retryUrl }: PhaseToken,
  use: TokenUse,
  request: MessageMeta,
  services: MessageServices & { readonly resender: Resender },
): Promise<Resent | undefined> {
  if (retryUrl === undefined) return undefined;
  try {
    const result = await secureWithAnotherToken(policy, use, services);
    if (result?.kind !== 'done') return undefined;
    const { status, headers, body } = await services.resender.request({
      url: `${retryUrl.replace(/\/$/, '')}${request.path}`,
      method: 'POST',
      headers: requestHeaders(request, forward(result, request.headers)),
      body: result.bytes ?? use.job.bytes,
      timeout: TIMEOUT,
      maxBytes: policy.limits.maxBodyBytes,
    });
    return { response: { status, headers }, body, result };
  } catch (error) {
    // A TypeError: a header of the message is none that we could send.
    if (error instanceof PipelineError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** The answer to the client in place of the one that Envoy holds. */
export function replacing(outcome: Outcome, { response, body }: Resent): Outcome {
  if (outcome.kind === 'refuse' || outcome.kind === 'replace') return outcome;
  const headers = changed(response.headers, outcome.kind === 'forward' ? outcome : undefined);
  const bytes = outcome.kind === 'forward' ? outcome.bytes : undefined;
  return {
    kind: 'replace',
    status: response.status,
    headers: headers.map(([name, value]) => ({ name, value })),
    body: bytes === undefined ? body : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  };
}

function requestHeaders({ headers, host }: MessageMeta, outcome: Outcome): Record<string, string> {
  const names = new Map<string, string>([['host', host]]);
  for (const [name, value] of changed(headers, outcome.kind === 'forward' ? outcome : undefined)) {
    const before = names.get(name);
    if (name !== 'host')
      names.set(name, before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ', '}${value}`);
  }
  return Object.fromEntries(names);
}

function changed(headers: ReadonlyMap<string, readonly string[]>, changes: Forward | undefined): [string, string][] {
  const { remove = [], set = [] } = changes ?? {};
  const replaced = new Set([...remove, ...set.map(({ name }) => name)]);
  const kept = [...headers].flatMap(([name, values]) =>
    name.startsWith(':') || replaced.has(name) ? [] : values.map((value): [string, string] => [name, value]),
  );
  return [...kept, ...set.map(({ name, value }): [string, string] => [name, value])].filter(
    ([name]) => !NOT_HANDED_ON.has(name) && !name.startsWith(OF_ENVOY),
  );
}
