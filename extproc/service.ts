/** The ext_proc service: everything joined, from the source of policies to the port that Envoy calls. */

import { HealthImplementation } from 'grpc-health-check';
import { formatProblem, type Problem } from '../policy/problem.ts';
import type { ConfigurationSource, ConfigurationSourceFactory } from './config/source.ts';
import { GrpcServer } from './envoy/grpc-server.ts';
import type { PolicySource } from './envoy/policy-identity.ts';
import { EXT_PROC_SERVICE, extProcDefinition, type ExtProcCall } from './envoy/ext-proc-definition.ts';
import { serveExtProc, type StreamServices } from './envoy/stream.ts';
import { AdminServer, type Readiness } from './observe/admin.ts';
import { logVerdict, type Logger } from './observe/log.ts';
import { Metrics } from './observe/metrics.ts';
import { AssertionIssuer } from './pipeline/assertion/issuer.ts';
import { Admission } from './pipeline/admission.ts';
import { MemoryReplayCache, type ReplayCache } from './pipeline/replay-cache.ts';
import { signOnPool } from './pipeline/runner.ts';
import { RuntimeStore } from './pipeline/runtime.ts';
import { TokenWaits } from './pipeline/token-waits.ts';
import { WorkerPool } from './pipeline/worker-pool.ts';
import type { DecisionLog } from './decisions/decision-log.ts';
import type { DecisionLogLocation } from './decisions/open.ts';
import type { SharedStore, SharedStoreLocation, SharedStoreOptions } from './redis/shared-store.ts';
import type { HttpClient, HttpAnswer, HttpRequest } from './sts/http-client.ts';
import { TokenProvider } from './sts/token-provider.ts';

export interface ServiceOptions {
  readonly source: ConfigurationSourceFactory;
  /** Where Envoy calls: `host:port` or `unix:/path`. */
  readonly listen: string;
  /** Where an administrator looks: `host:port` or `unix:/path`. */
  readonly admin: string;
  /** Threads for large messages and for decryption; 0: none, everything in one thread. */
  readonly workers: number;
  /** HTTP exchanges under way at a time; more are refused. */
  readonly maxExchanges: number;
  /** Bytes of bodies in the process at a time; more are refused. */
  readonly maxBytes: number;
  readonly policySources: readonly PolicySource[];
  /** What the environment is called that this process is in; decides between credentials. */
  readonly environment?: string;
  /** Where processes share tokens and what they have seen; absent: this one is alone. */
  readonly shared?: SharedStoreLocation;
  /** Where decisions are kept; absent: nowhere. */
  readonly decisions?: DecisionLogLocation;
  readonly logger: Logger;
}

/** Part of what may be under way that may wait for the tokens of one token service. */
const WAITING_PART = 4;

export class Service {
  readonly #options: ServiceOptions;
  readonly #logger: Logger;
  readonly #pool: WorkerPool;
  readonly #runtimes: RuntimeStore;
  readonly #source: ConfigurationSource;
  readonly #grpc: GrpcServer;
  readonly #admin: AdminServer;
  readonly #metrics: Metrics;
  readonly #admission: Admission;
  readonly #health = new HealthImplementation();
  #replay: ReplayCache & { readonly size: number } = new MemoryReplayCache();
  #tokens: TokenProvider | undefined;
  #shared: SharedStore | undefined;
  #decisions: DecisionLog | undefined;
  /** Made when a message is sent again for the first time. */
  #resender: HttpClient | undefined;
  #draining = false;

  constructor(options: ServiceOptions) {
    this.#options = options;
    const { logger } = options;
    this.#logger = logger;
    this.#admission = new Admission(options);
    this.#pool = new WorkerPool({
      size: options.workers,
      onLost: (error) => {
        this.#metrics.workerLost();
        logger.error({ err: error }, 'a worker thread died and is replaced');
      },
    });
    this.#runtimes = new RuntimeStore(this.#pool, (result, milliseconds) =>
      this.#metrics.ocspRequest(result, milliseconds),
    );
    this.#metrics = new Metrics({
      exchanges: () => this.#admission.exchanges,
      bytes: () => this.#admission.bytes,
      queued: () => this.#pool.queued,
      replayEntries: () => this.#replay.size,
      policies: () => this.#runtimes.current?.policies.values() ?? [],
    });
    this.#source = options.source({
      now: Date.now,
      taken: (bundle, policies, problems) => {
        this.#runtimes.replace(bundle, policies);
        this.#tokens?.retain(this.#runtimes.tokenServices);
        this.#metrics.bundleTaken(bundle.version, Date.now());
        this.#updateHealth();
        this.#logProblems(problems);
        logger.info({ bundle: bundle.version, policies: policies.size }, 'configuration in use');
      },
      refused: (problems) => {
        this.#metrics.bundleRefused();
        this.#logProblems(problems);
        const bundle = this.#runtimes.current?.version;
        logger.error(
          { bundle },
          'the configuration has errors and is not used where it has; what was in use before stays',
        );
      },
      logger,
      registry: this.#metrics.registry,
    });
    this.#grpc = new GrpcServer(options.maxBytes, () =>
      logger.warn(
        'an Envoy does not renew its connections: set max_requests_per_connection: 900 on its cluster for this service, or requests fail now and then',
      ),
    );
    this.#health.addToServer(this.#grpc.server);
    this.#admin = new AdminServer({
      metrics: () => this.#metrics.text(),
      readiness: () => this.#readiness(),
    });
  }

  /** @returns the addresses it listens on */
  async start(): Promise<{ listen: string; admin: string }> {
    const { logger } = this.#options;
    const streams = await this.#openStores();
    this.#grpc.server.addService(extProcDefinition, {
      process: (call: ExtProcCall) => serveExtProc(call, streams, (error) => logger.error({ err: error }, 'ext_proc')),
    });
    await this.#source.start();
    const admin = await this.#admin.listen(this.#options.admin);
    const listen = await this.#grpc.listen(this.#options.listen);
    this.#updateHealth();
    this.#logger.info({ listen, admin }, 'listening');
    return { listen, admin };
  }

  /** What messages need besides their policies: where tokens come from, and what has been seen. */
  async #openStores(): Promise<StreamServices> {
    const { logger, shared: location, maxExchanges, maxBytes, policySources, environment } = this.#options;
    const { registry } = this.#metrics;
    const now = Date.now;
    const shared = location && (await openShared({ ...location, now, logger, registry }));
    const tokens = new TokenProvider({
      ...{ now, registry, logger },
      ...(shared && { shared: shared.tokens, indexKey: () => shared.indexKey() }),
    });
    const decisions = await this.#openDecisions();
    this.#shared = shared;
    this.#decisions = decisions;
    this.#tokens = tokens;
    if (shared) this.#replay = shared.replay;
    return {
      ...{ runtimes: this.#runtimes, admission: this.#admission, replay: this.#replay, policySources, now, tokens },
      assertions: new AssertionIssuer({ sign: signOnPool, now }),
      waits: new TokenWaits({ maxMessages: maxExchanges / WAITING_PART, maxBytes: maxBytes / WAITING_PART }),
      resender: { request: (request) => this.#resend(request) },
      ...(environment !== undefined && { environment }),
      ...(decisions && { decisions }),
      report: (verdict) => {
        this.#metrics.verdict(verdict);
        logVerdict(logger, verdict);
        decisions?.record(verdict);
      },
    };
  }

  /** Loaded where there is a decision log. */
  async #openDecisions(): Promise<DecisionLog | undefined> {
    const { decisions: location, logger } = this.#options;
    if (location === undefined) return undefined;
    const { openDecisionLog } = await import('./decisions/open.ts');
    return openDecisionLog(location, {
      logger,
      registry: this.#metrics.registry,
      onChange: () => this.#updateHealth(),
    });
  }

  async #resend(request: HttpRequest): Promise<HttpAnswer> {
    const { HttpClient: Client } = await import('./sts/http-client.ts');
    this.#resender ??= new Client({ connections: 64 });
    return this.#resender.request(request);
  }

  /**
   * Says that it is leaving, lets exchanges finish, and stops.
   * @param timeout milliseconds after which what is left is cut off
   */
  async stop(timeout: number): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    this.#updateHealth();
    this.#logger.info('draining');
    await this.#source.close();
    await this.#grpc.drain(timeout);
    await this.#pool.close();
    await this.#decisions?.close();
    await this.#tokens?.close();
    await this.#resender?.close();
    this.#shared?.close();
    await this.#admin.close();
    this.#logger.info('stopped');
  }

  #updateHealth(): void {
    const status = this.#readiness().ready ? 'SERVING' : 'NOT_SERVING';
    for (const service of ['', EXT_PROC_SERVICE]) this.#health.setStatus(service, status);
  }

  #readiness(): Readiness {
    const { current } = this.#runtimes;
    const refusing = this.#decisions?.refusing?.message;
    const policies = [...(current?.policies.values() ?? [])].map(({ id, broken }) => [id, broken ?? 'ready'] as const);
    return {
      ready: current !== undefined && !this.#draining && refusing === undefined,
      details: {
        draining: this.#draining,
        bundle: current?.version ?? null,
        policies: Object.fromEntries(policies),
        ...(refusing !== undefined && { decisionLog: refusing }),
        ...this.#source.details,
      },
    };
  }

  #logProblems(problems: readonly Problem[]): void {
    for (const problem of problems) {
      const level = problem.severity === 'error' ? 'error' : problem.severity === 'warning' ? 'warn' : 'info';
      this.#logger[level]({ policy: problem.policy, reason: problem.reason }, formatProblem(problem));
    }
  }
}

/** Loaded where there is a Redis: its client takes 20 MB, which those without need not pay. */
async function openShared(options: SharedStoreOptions): Promise<SharedStore> {
  const { openSharedStore } = await import('./redis/shared-store.ts');
  return openSharedStore(options);
}
