/** Gateway API objects of the tests' namespace, and what a person asks kubectl. */

import { stringify } from 'yaml';
import type { AncestorStatus, Condition, KubernetesObject } from '../../../policy/kubernetes.ts';
import { GATEWAY_CLASS } from '../../../scripts/local/kubernetes/envoy-gateway.ts';
import type { TestCluster } from '../../../scripts/local/kubernetes/cluster.ts';
import { until } from '../../../scripts/local/until.ts';

/** That of `test/e2e/support/fixture.ts`. */
export const NAMESPACE = 'e2e';
const GATEWAY_API = 'gateway.networking.k8s.io';

export function namespaceObject(name = NAMESPACE): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

/** The Gateway `web`. */
export function gateway(port: number): KubernetesObject {
  return {
    apiVersion: `${GATEWAY_API}/v1`,
    kind: 'Gateway',
    metadata: { name: 'web', namespace: NAMESPACE },
    spec: { gatewayClassName: GATEWAY_CLASS, listeners: [{ name: 'http', protocol: 'HTTP', port }] },
  };
}

export interface Rule {
  readonly name?: string;
  /** Prefix of the path. */
  readonly path: string;
}

/** An HTTPRoute of the Gateway `web` to the Service `backend`. */
export function route(name: string, port: number, rules: readonly Rule[] = [{ path: `/${name}` }], labels = {}) {
  return {
    apiVersion: `${GATEWAY_API}/v1`,
    kind: 'HTTPRoute',
    metadata: { name, namespace: NAMESPACE, labels },
    spec: {
      parentRefs: [{ name: 'web' }],
      rules: rules.map((rule) => ({
        ...(rule.name !== undefined && { name: rule.name }),
        matches: [{ path: { type: 'PathPrefix', value: rule.path } }],
        backendRefs: [{ name: 'backend', port }],
      })),
    },
  };
}

export function target(name: string, sectionName?: string, kind = 'HTTPRoute'): object {
  return { group: GATEWAY_API, kind, name, ...(sectionName !== undefined && { sectionName }) };
}

/** kubectl, as a person uses it. */
export class Person {
  readonly #cluster: TestCluster;

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
  }

  async apply(...objects: readonly object[]): Promise<void> {
    await this.#cluster.kubectl(['apply', '-f', '-'], objects.map((object) => stringify(object)).join('---\n'));
  }

  async remove(kind: string, name: string): Promise<void> {
    await this.#cluster.kubectl(['delete', kind, name, '-n', NAMESPACE]);
  }

  /** The conditions of a policy by type, at its first ancestor. */
  async conditions(name: string): Promise<Record<string, Condition>> {
    return conditionsOf(await this.#cluster.get('wssp', name, '-n', NAMESPACE));
  }

  /** Waits until the policy or token service, as it stands, has this status. */
  async waitFor(name: string, type: string, status: 'True' | 'False', kind = 'wssp'): Promise<Condition> {
    let seen: Condition | undefined;
    try {
      await until(`${name} ${type}=${status}`, async () => {
        const object = await this.#cluster.get(kind, name, '-n', NAMESPACE);
        seen = conditionsOf(object)[type];
        return seen?.status === status && seen.observedGeneration === object.metadata.generation;
      });
    } catch (error) {
      throw new Error(`${name}: ${JSON.stringify(seen)}`, { cause: error });
    }
    return seen as Condition;
  }

  async programmed(name: string): Promise<void> {
    await this.waitFor(name, 'Programmed', 'True');
  }
}

/** Of a policy at its first ancestor, or of a token service. */
function conditionsOf({ status }: KubernetesObject): Record<string, Condition> {
  const { ancestors, conditions } = (status ?? {}) as {
    ancestors?: readonly AncestorStatus[];
    conditions?: readonly Condition[];
  };
  const found = conditions ?? ancestors?.[0]?.conditions ?? [];
  return Object.fromEntries(found.map((condition) => [condition.type, condition]));
}
