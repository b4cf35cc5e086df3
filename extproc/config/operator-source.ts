/** The operator as the service's configuration: every replica of it is dialled, and one delivers. */

import { readFile } from 'node:fs/promises';
import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { createSecureContext } from 'node:tls';
import { ChannelCredentials } from '@grpc/grpc-js';
import type { Registry } from 'prom-client';
import packageJson from '../../package.json' with { type: 'json' };
import type { Problem } from '../../policy/problem.ts';
import type { PolicyState, Update } from '../../proto/bundle-service.ts';
import { hasRole, OPERATOR_NAME, secureContextOptions } from '../../proto/roles.ts';
import { sampledGauge, sampledValue } from '../observe/sampled-gauge.ts';
import { DeliveredPolicies } from './delivered-policies.ts';
import { OperatorLink, type LinkHost } from './operator-link.ts';
import type { ConfigurationHost, ConfigurationSource } from './source.ts';

export interface OperatorOptions {
  /** Where replicas of the operator are: each name is asked for all of its addresses, again and again. */
  readonly operators: readonly { readonly host: string; readonly port: number }[];
  /** Files in PEM; read for every connection. */
  readonly tls: { readonly certificate: string; readonly key: string; readonly ca: string };
  /** By which the operator tells replicas of the data plane apart. */
  readonly replicaName: string;
}

/** Milliseconds between looks for the operator's addresses. */
const RESOLVE_EVERY = 5000;
/** An operator has two or three replicas. A name with more addresses than this is none of an operator. */
const MAX_LINKS = 16;

/**
 * Subscribes to the operator that leads, and of two that say so to the one of the higher epoch; as long as none leads, to
 * the one it has, or to any. What was delivered stays in use when all are gone.
 */
export class OperatorSource implements ConfigurationSource {
  readonly #options: OperatorOptions;
  readonly #host: ConfigurationHost;
  readonly #linkHost: LinkHost;
  readonly #links = new Map<string, OperatorLink>();
  readonly #delivered = new DeliveredPolicies(() => this.#use([]));
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #subscribed: OperatorLink | undefined;
  #subscription = 0;
  /** Of a leader, the highest that was seen: a lower one leads no more, whatever it says. */
  #epoch = 0;
  #lastUpdate: number | undefined;
  #unresolved: string | undefined;

  constructor(options: OperatorOptions, host: ConfigurationHost) {
    this.#options = options;
    this.#host = host;
    this.#linkHost = {
      hello: { replica: options.replicaName, softwareVersion: packageJson.version },
      logger: host.logger,
      credentials: () => readCredentials(options.tls),
      roleChanged: () => this.#choose(),
      updated: (link, update) => this.#update(link, update),
    };
    this.#addMetrics(host.registry);
  }

  get details(): Readonly<Record<string, unknown>> {
    return {
      operators: [...this.#links.values()].map((link) => ({
        ...{ address: link.target, connected: link.connected, subscribed: link === this.#subscribed },
        ...(link.role ?? {}),
        ...(!link.connected && { error: link.error ?? 'connecting' }),
      })),
      ...(this.#unresolved !== undefined && { unresolved: this.#unresolved }),
      lastUpdate: this.#lastUpdate === undefined ? null : new Date(this.#lastUpdate).toISOString(),
      problems: [...this.#delivered.notes].map(({ id, state, reason }) => `${id}: ${state.toLowerCase()}: ${reason}`),
    };
  }

  async start(): Promise<void> {
    await this.#resolve();
    this.#timer = setInterval(() => {
      for (const link of this.#links.values()) link.check(Date.now());
      void this.#resolve();
    }, RESOLVE_EVERY).unref();
  }

  close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const link of this.#links.values()) link.close();
    this.#delivered.close();
    return Promise.resolve();
  }

  /** Dials addresses that are new, and gives up those that are gone and do not answer. */
  async #resolve(): Promise<void> {
    const { operators } = this.#options;
    const found = await Promise.all(operators.map(({ host, port }) => this.#targets(host, port)));
    if (this.#closed) return;
    const targets = new Set(found.flat().filter((target) => target !== undefined));
    for (const target of targets) {
      if (!this.#links.has(target) && this.#links.size < MAX_LINKS)
        this.#links.set(target, new OperatorLink(target, this.#linkHost));
    }
    // Where a name could not be resolved, nobody knows what is gone.
    if (found.some((addresses) => addresses.includes(undefined))) return;
    this.#unresolved = undefined;
    for (const [target, link] of this.#links) {
      if (targets.has(target) || link.connected) continue;
      link.close();
      this.#links.delete(target);
    }
  }

  /** All addresses of a name; one that is undefined where it has none. */
  async #targets(host: string, port: number): Promise<(string | undefined)[]> {
    try {
      const addresses = await lookup(host, { all: true });
      return addresses.map(({ address }) =>
        isIPv6(address) ? `ipv6:[${address}]:${port}` : `ipv4:${address}:${port}`,
      );
    } catch (error) {
      const reason = `${host}: ${(error as Error).message}`;
      if (reason !== this.#unresolved) this.#host.logger.warn({ operator: host, reason }, 'no address of the operator');
      this.#unresolved = reason;
      return [undefined];
    }
  }

  /** Subscribes to the operator that should deliver now. */
  #choose(): void {
    if (this.#closed) return;
    const serving = [...this.#links.values()].filter(({ role }) => role !== undefined);
    const epochs = serving.map(({ role }) => (role?.leading === true ? role.epoch : 0));
    this.#epoch = Math.max(this.#epoch, ...epochs);
    const leader = serving.find(({ role }) => role?.leading === true && role.epoch === this.#epoch);
    const present = serving.find((link) => link === this.#subscribed);
    const best = leader ?? present ?? serving[0];
    if (best === this.#subscribed) return;
    this.#subscribed?.unsubscribe();
    this.#subscribed = best;
    this.#delivered.reset();
    best?.subscribe(++this.#subscription, this.#delivered.inventory);
  }

  async #update(link: OperatorLink, update: Update): Promise<void> {
    const isCurrent = (): boolean => link === this.#subscribed && update.subscription === this.#subscription;
    if (!isCurrent()) return;
    await this.#delivered.stage(update);
    if (!isCurrent() || !update.complete || this.#closed) return;
    const states = this.#delivered.apply();
    this.#lastUpdate = this.#host.now();
    this.#use(states);
    link.acknowledge(update.subscription, update.nonce, states);
  }

  #use(states: readonly PolicyState[]): void {
    const { bundle, policies } = this.#delivered.present;
    this.#host.taken(bundle, policies, []);
    const problems = states.filter(({ state }) => state !== 'RUNNING').map(problemOf);
    if (problems.length > 0) this.#host.refused(problems);
  }

  #addMetrics(registry: Registry): void {
    sampledValue(
      registry,
      'waxseal_operators_connected',
      'Replicas of the operator that are connected',
      () => [...this.#links.values()].filter((link) => link.connected).length,
    );
    sampledGauge(
      registry,
      { name: 'waxseal_policies', help: 'Delivered policies by how they fare', labelNames: ['state'] },
      () => Object.entries(this.#delivered.counts).map(([state, count]) => [{ state }, count] as const),
    );
  }
}

function problemOf({ id, state, reason }: PolicyState): Problem {
  const severity = state === 'KEPT' ? 'warning' : 'error';
  return { severity, reason: 'Invalid', policy: id, field: '', message: `${id} is not used as delivered: ${reason}` };
}

/** @throws Error that names the file */
async function readCredentials(files: OperatorOptions['tls']): Promise<ChannelCredentials> {
  const [certificate, key, ca] = await Promise.all(
    [files.certificate, files.key, files.ca].map((file) => readFile(file, 'utf8')),
  );
  const context = createSecureContext(secureContextOptions({ certificate, key, ca }));
  return ChannelCredentials.createFromSecureContext(context, {
    checkServerIdentity: (_host, { raw }) =>
      hasRole(raw, OPERATOR_NAME) ? undefined : new Error(`the certificate is not for ${OPERATOR_NAME}`),
  });
}
