/**
 * The work on one message: one job, or two with a wait between them. Where a credential is to be chosen or a token to be
 * had, the message is verified first: nobody makes us ask a token service who has not proved what the policy demands.
 */

import type { TokenInUse } from '../wss/issued-token.ts';
import { parseRelatedType } from '../mime/related.ts';
import { NoCredentialError } from '../sts/errors.ts';
import type { TokenDemand } from '../sts/token-provider.ts';
import type { AssertionIssuer } from './assertion/issuer.ts';
import type { CompiledPhase, CompiledPolicy } from './compile.ts';
import type { MessageMeta } from './conditions.ts';
import type { Durations, Job, JobDone, JobResult } from './engine.ts';
import type { JobRunner } from './runner.ts';
import type { TokenWaits } from './token-waits.ts';

/** Milliseconds that a message may wait for a token: Envoy gives it ten seconds for everything. */
export const TOKEN_BUDGET = 8000;
/** The same for another token, before the message is sent again. */
const RETRY_BUDGET = 3000;

/** Where tokens come from. */
export interface TokenSource {
  /** A token that is at hand is given at once. @throws TokenServiceError, NoCallerTokenError */
  obtain(demand: TokenDemand): TokenInUse | Promise<TokenInUse>;
  /** Hears that a backend has refused a token. Never rejects. @returns whether another token may fare better */
  backendRefused(demand: TokenDemand, used: TokenInUse): Promise<boolean>;
}

export interface MessageServices {
  readonly runner: JobRunner;
  readonly tokens: TokenSource;
  /** Where assertions come from that we make ourselves. */
  readonly assertions: Pick<AssertionIssuer, 'obtain'>;
  readonly waits: TokenWaits;
  /** Of this process; decides between credentials. */
  readonly environment?: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The token that a message got, and what is needed to give it another one. */
export interface TokenUse {
  readonly demand: TokenDemand;
  readonly used: TokenInUse;
  /** The job that secured the message. Its bytes are there where the policy may retry it. */
  readonly job: Job;
}

export interface Processed {
  readonly result: JobResult;
  readonly use?: TokenUse;
}

/**
 * @param job all of it
 * @param meta of the request, for the conditions of credentials
 * @throws PipelineError where there is no credential or no token
 */
export async function processMessage(
  policy: CompiledPolicy,
  job: Job,
  meta: MessageMeta,
  services: MessageServices,
  abandoned: () => boolean,
): Promise<Processed> {
  const phase = policy[job.phase];
  const { users, token, assertion } = phase;
  const { runner, environment } = services;
  if (users === undefined && token === undefined && assertion === undefined) {
    return { result: await runner.run(policy, job, abandoned) };
  }
  const first = verifiesFirst(phase, job) ? await runner.run(policy, { ...job, half: 'verify' }, abandoned) : undefined;
  if (first !== undefined && first.kind !== 'done') return { result: first };
  const choice = choose(phase, meta, first?.operation, environment);
  if (choice === undefined) return { result: first ?? untouched(job) };
  const { usernameToken, demand } = choice;
  const started = performance.now();
  const withCaller = demand && { ...demand, policy: policy.id, ...(first?.caller && { caller: first.caller }) };
  const used = withCaller && (await obtain(withCaller, job.bytes.length, services));
  const made =
    assertion && (await services.assertions.obtain({ version: policy.version, assertion, meta, caller: first?.who }));
  const carried = used ?? made;
  const waited = performance.now() - started;
  const second: Job = {
    ...job,
    ...(first !== undefined && { ...rest(job, first), half: 'secure' }),
    ...(usernameToken && { usernameToken }),
    // What the message says of its time is true when it leaves, which may be after a wait.
    ...(carried && { token: carried, now: services.now() }),
  };
  // What is handed to another thread is gone from here.
  const again = token?.onSecurityFault === 'Retry' ? { ...second, bytes: new Uint8Array(second.bytes) } : second;
  const result = await runner.run(policy, second, abandoned);
  const durations: Durations = { ...first?.durations, ...(carried && { token: waited }) };
  return {
    result: joined(first, result, durations),
    ...(used && withCaller && { use: { demand: withCaller, used, job: again } }),
  };
}

/**
 * The same message with another token than it had.
 *
 * @param use of a policy whose `onSecurityFault` is Retry
 * @returns undefined when there is no other token
 * @throws TokenServiceError
 */
export async function secureWithAnotherToken(
  policy: CompiledPolicy,
  { demand, used, job }: TokenUse,
  services: MessageServices,
): Promise<JobResult | undefined> {
  const token = await obtain({ ...demand, budget: RETRY_BUDGET }, job.bytes.length, services);
  if (token.token === used.token) return undefined;
  return services.runner.run(policy, { ...job, token, now: services.now() }, () => false);
}

function verifiesFirst({ verify, users, token }: CompiledPhase, { meta }: Job): boolean {
  return (
    verify !== undefined ||
    meta !== undefined ||
    users?.pool.needsBody === true ||
    token?.service.pool?.needsBody === true
  );
}

interface Choice {
  readonly usernameToken?: Job['usernameToken'];
  readonly demand?: Omit<TokenDemand, 'policy'>;
}

/** @returns undefined: the message goes on without being secured */
function choose(
  { users, token }: CompiledPhase,
  meta: MessageMeta,
  operation: string | undefined,
  environment: string | undefined,
): Choice | undefined {
  const usernameToken = users?.pool.choose(meta, operation, environment);
  if (users !== undefined && usernameToken === undefined) return without(users.onNoCredential);
  if (token === undefined) return { usernameToken };
  const { settings: service, pool, onNoCredential } = token.service;
  const credential = pool?.choose(meta, operation, environment);
  if (pool !== undefined && credential === undefined) return without(onNoCredential);
  return { usernameToken, demand: { service, budget: TOKEN_BUDGET, ...(credential && { credential }) } };
}

function without(onNoCredential: 'Refuse' | 'PassUnchanged'): undefined {
  if (onNoCredential === 'Refuse') throw new NoCredentialError('no credential of the pool is for this message');
}

/** A token that is at hand costs no wait. */
function obtain(
  demand: TokenDemand,
  bytes: number,
  { tokens, waits }: MessageServices,
): TokenInUse | Promise<TokenInUse> {
  const token = tokens.obtain(demand);
  return token instanceof Promise ? waits.wait(demand.service.id, bytes, token) : token;
}

/** What the second half begins with. */
function rest(
  job: Job,
  { bytes, contentType, exchange }: JobDone,
): Pick<Job, 'bytes' | 'codings' | 'exchange' | 'related'> {
  const related = contentType === undefined ? job.related : parseRelatedType(contentType);
  return {
    ...(related && { related }),
    bytes: bytes ?? job.bytes,
    codings: [],
    exchange: job.phase === 'request' ? exchange : job.exchange,
  };
}

function joined(first: JobDone | undefined, second: JobResult, before: Durations): JobResult {
  if (second.kind === 'notConcerned') return second;
  const durations = { ...second.durations, ...before };
  if (first?.durations.scan !== undefined) durations.scan = first.durations.scan + (second.durations.scan ?? 0);
  const evidence = first?.evidence && { evidence: { ...first.evidence, ...second.evidence } };
  if (second.kind === 'failed' || first === undefined) return { ...second, durations, ...evidence };
  const { replay, identity, legacyAlgorithms } = first;
  const contentType = second.contentType ?? first.contentType;
  return {
    ...second,
    ...(contentType !== undefined && { contentType }),
    replay,
    identity,
    legacyAlgorithms,
    durations,
    ...evidence,
  };
}

function untouched({ exchange }: Job): JobDone {
  return { kind: 'done', exchange, replay: [], identity: [], legacyAlgorithms: [], durations: {} };
}
