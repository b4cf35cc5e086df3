/** Envoy's buffer limit: it holds whole bodies, and 32 KiB, Envoy Gateway's default, is too little for many of them. */

import type { ClientTrafficPolicy, KubernetesObject } from '../kubernetes.ts';
import { aliasName } from '../alias.ts';
import { referencesOf } from './claims.ts';
import { GATEWAY_API, idOf, namespaceOf, type ClusterIndex, type GatewayEntry } from './cluster-index.ts';
import { isOurs, LABELS } from './ours.ts';
import { bySeniority, ownerReference } from './policy-view.ts';
import { quantity } from './quantity.ts';
import type { Verdict } from './types.ts';

/** Bytes, unless a ClientTrafficPolicy says otherwise. */
const ENVOY_GATEWAY_DEFAULT = 32_768;

/**
 * What Envoy must be able to hold, in bytes. Encryption and base64 make a body larger, and the limit counts the new body.
 *
 * @param maxBody bytes: the policy's `limits.maxBodyBytes`
 */
export function bufferLimit(maxBody: number): number {
  return Math.ceil(maxBody * 1.4) + 8192;
}

/** The ClientTrafficPolicies of other people, by the id of the Gateway that they target as a whole or in part. */
export function foreignTrafficPolicies(
  trafficPolicies: readonly ClientTrafficPolicy[],
  index: ClusterIndex,
): ReadonlyMap<string, readonly ClientTrafficPolicy[]> {
  const byGateway = new Map<string, ClientTrafficPolicy[]>();
  const foreign = trafficPolicies.filter(
    (object) => !isOurs(object) && object.metadata.deletionTimestamp === undefined,
  );
  const age = (object: ClientTrafficPolicy) => ({ created: object.metadata.creationTimestamp ?? '', id: idOf(object) });
  for (const object of foreign.sort((a, b) => bySeniority(age(a), age(b)))) {
    const references = referencesOf(object, index).filter(({ kind }) => kind === 'Gateway');
    for (const gateway of new Set(references.map(({ name }) => `${namespaceOf(object)}/${name}`))) {
      const list = byGateway.get(gateway);
      if (list) list.push(object);
      else byGateway.set(gateway, [object]);
    }
  }
  return byGateway;
}

/**
 * The ClientTrafficPolicy that raises the limit of a Gateway that has none.
 *
 * @param maxBody bytes: the largest of the policies that concern the Gateway
 */
export function trafficPolicyFor({ object: gateway }: GatewayEntry, maxBody: number): KubernetesObject {
  const { name, uid } = gateway.metadata;
  return {
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'ClientTrafficPolicy',
    metadata: {
      name: aliasName(idOf(gateway)),
      namespace: namespaceOf(gateway),
      labels: LABELS,
      ...(uid !== undefined && { ownerReferences: [ownerReference(gateway, uid)] }),
    },
    spec: {
      targetRefs: [{ group: GATEWAY_API, kind: 'Gateway', name }],
      connection: { bufferLimit: kibibytes(bufferLimit(maxBody)) },
    },
  };
}

/** Whether a Gateway lets through what a policy allows. */
export function bufferVerdict(
  gateway: GatewayEntry,
  maxBody: number,
  foreign: readonly ClientTrafficPolicy[],
  index: ClusterIndex,
): Verdict {
  const needed = bufferLimit(maxBody);
  if (foreign.length === 0) {
    const name = aliasName(gateway.id);
    return {
      status: true,
      reason: 'Sufficient',
      message: `ClientTrafficPolicy ${name} raises the limit of the Gateway.`,
    };
  }
  for (const listener of gateway.listeners) {
    const deciding = decidingPolicy(gateway, listener, foreign, index);
    const limit = limitOf(deciding);
    if (limit >= needed) continue;
    const where = deciding ? `in ClientTrafficPolicy ${idOf(deciding)}` : 'in a ClientTrafficPolicy for this listener';
    return {
      status: false,
      reason: 'TooLow',
      message:
        `Listener ${listener} buffers ${limit} bytes; larger requests get 413 and larger answers 500. ` +
        `The policy allows bodies of ${maxBody} bytes, which protection makes larger: ` +
        `set spec.connection.bufferLimit ${where} to ${kibibytes(needed)} or more, or lower limits.maxBodyBytes.`,
    };
  }
  return { status: true, reason: 'Sufficient', message: `The Gateway buffers ${kibibytes(needed)} or more.` };
}

/** Envoy Gateway: the listener's own before the Gateway's, and the older of two. */
function decidingPolicy(
  gateway: GatewayEntry,
  listener: string,
  foreign: readonly ClientTrafficPolicy[],
  index: ClusterIndex,
): ClientTrafficPolicy | undefined {
  const targets = (section: string | undefined) => (object: ClientTrafficPolicy) =>
    referencesOf(object, index).some(
      ({ kind, name, sectionName }) =>
        kind === 'Gateway' && name === gateway.object.metadata.name && sectionName === section,
    );
  return foreign.find(targets(listener)) ?? foreign.find(targets(undefined));
}

function limitOf(policy: ClientTrafficPolicy | undefined): number {
  const limit = policy?.spec.connection?.bufferLimit;
  return limit === undefined ? ENVOY_GATEWAY_DEFAULT : (quantity(limit) ?? 0);
}

function kibibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024)}Ki`;
}
