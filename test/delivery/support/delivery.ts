/** Operators and replicas of the data plane in this process, on real sockets. */

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { OperatorSource } from '../../../extproc/config/operator-source.ts';
import { createLogger } from '../../../extproc/observe/log.ts';
import type { CompiledPolicy } from '../../../extproc/pipeline/compile.ts';
import { BundleServer, type BundleServerOptions } from '../../../operator/delivery/bundle-server.ts';
import { versioned, type ResolvedPolicy } from '../../../policy/bundle.ts';
import { compilePolicies } from '../../support/policies.ts';
import type { TlsFiles } from './certificates.ts';

export async function until(condition: () => boolean | Promise<boolean>, what = 'it'): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, `${what} did not happen`);
    await sleep(10);
  }
}

type Published = ReadonlyMap<string, ResolvedPolicy>;

/** Policies as the operator publishes them. */
export function published(specs: Readonly<Record<string, object>>, broken: readonly string[] = []): Published {
  return byId(compilePolicies(specs, broken).bundle.policies);
}

export function byId(policies: readonly ResolvedPolicy[]): Published {
  return new Map(policies.map((policy) => [`${policy.namespace}/${policy.name}`, policy]));
}

/** So many policies `shop/pN`, equal but for their names. */
export function manyPolicies(count: number, spec: object): Published {
  const [{ namespace, generation, spec: resolved, material } = assert.fail()] = compilePolicies({ any: spec }).bundle
    .policies;
  const common = { namespace, generation, material, ...(resolved && { spec: resolved }) };
  return byId(Array.from({ length: count }, (_item, index) => versioned({ ...common, name: `p${index}` })));
}

export async function startOperator(t: TestContext, options: Partial<BundleServerOptions> = {}) {
  const lines: string[] = [];
  const registry = new Registry();
  const server = new BundleServer({
    listen: '127.0.0.1:0',
    logger: createLogger('info', { write: (line) => lines.push(line) }),
    registry,
    ...options,
  });
  const address = await server.start();
  t.after(() => server.stop());
  const port = Number(address.split(':')[1]);
  const metric = async (name: string): Promise<number> => {
    const { values } = (await registry.getSingleMetric(name)?.get()) ?? assert.fail(name);
    return values.reduce((sum, { value }) => sum + value, 0);
  };
  const states = (id: string) =>
    server.replicas().map(({ policies }) => {
      const { state, version } = policies.get(id) ?? { state: 'absent', version: '' };
      return `${state} ${version.slice(0, 8)}`;
    });
  return { server, port, lines, metric, states };
}

export interface Replica {
  readonly source: OperatorSource;
  /** Of each time that policies were put to use: what was in use. */
  readonly taken: ReadonlyMap<string, CompiledPolicy>[];
  readonly refused: string[];
  readonly lines: string[];
  /** Version of a policy in use, or why it is broken. */
  readonly running: (id: string) => string | undefined;
  /** The operator that it has subscribed to, as an index of the ports. */
  readonly subscribedTo: () => number | undefined;
}

export async function startReplica(t: TestContext, ports: readonly number[], tls: TlsFiles): Promise<Replica> {
  const taken: ReadonlyMap<string, CompiledPolicy>[] = [];
  const refused: string[] = [];
  const lines: string[] = [];
  const source = new OperatorSource(
    { operators: ports.map((port) => ({ host: '127.0.0.1', port })), tls, replicaName: 'replica' },
    {
      now: Date.now,
      logger: createLogger('info', { write: (line) => lines.push(line) }),
      registry: new Registry(),
      taken: (_bundle, policies) => taken.push(policies),
      refused: (problems) => refused.push(...problems.map(({ message }) => message)),
    },
  );
  await source.start();
  t.after(() => source.close());
  return {
    ...{ source, taken, refused, lines },
    running: (id) => {
      const policy = taken.at(-1)?.get(id);
      return policy?.broken ?? policy?.version;
    },
    subscribedTo: () => {
      const operators = source.details['operators'] as { address: string; subscribed: boolean }[];
      const port = operators.find(({ subscribed }) => subscribed)?.address.split(':')[2];
      return port === undefined ? undefined : ports.indexOf(Number(port));
    },
  };
}
