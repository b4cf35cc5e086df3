/** What Envoy Gateway says of our EnvoyExtensionPolicy. */

import type { AncestorStatus, EnvoyExtensionPolicy } from '../kubernetes.ts';
import { GATEWAY_API, namespaceOf, type GatewayEntry } from './cluster-index.ts';
import type { Verdict } from './types.ts';

/** The largest number of entries that `status.ancestors` can have. */
const MAX_ANCESTORS = 16;

/** @param object undefined: it does not exist yet */
export function takenByEnvoyGateway(object: EnvoyExtensionPolicy | undefined, gateway: GatewayEntry): Verdict {
  if (!object) return reconciling('The EnvoyExtensionPolicy does not exist yet.');
  const { generation, name } = object.metadata;
  const ancestors = object.status?.ancestors ?? [];
  const entries = ancestors.filter(({ ancestorRef }) => isGateway(ancestorRef, object, gateway));
  const conditions = entries.flatMap((entry) => entry.conditions ?? []);
  const accepted = conditions.filter(({ type }) => type === 'Accepted');
  if (generation !== undefined && accepted.some(({ observedGeneration = 0 }) => observedGeneration < generation)) {
    return reconciling(`Envoy Gateway has not yet taken generation ${generation} of EnvoyExtensionPolicy ${name}.`);
  }
  const refused = accepted.find(({ status }) => status !== 'True');
  if (refused) {
    const { reason, message } = refused;
    return { status: false, reason, message: `Envoy Gateway on EnvoyExtensionPolicy ${name}: ${message}` };
  }
  if (accepted.length === 0) {
    if (ancestors.length < MAX_ANCESTORS) {
      return reconciling(`Envoy Gateway has not yet taken EnvoyExtensionPolicy ${name}.`);
    }
    return taken(`Envoy Gateway has taken it; it reports on ${MAX_ANCESTORS} Gateways, and this is not one of them.`);
  }
  const overridden = conditions.find(({ type, status }) => type === 'Overridden' && status === 'True');
  return taken(`Envoy Gateway has taken it.${overridden ? ` It says: ${overridden.message}` : ''}`);
}

function isGateway(
  { group = GATEWAY_API, kind = 'Gateway', namespace, name }: AncestorStatus['ancestorRef'],
  object: EnvoyExtensionPolicy,
  gateway: GatewayEntry,
): boolean {
  return group === GATEWAY_API && kind === 'Gateway' && `${namespace ?? namespaceOf(object)}/${name}` === gateway.id;
}

function taken(message: string): Verdict {
  return { status: true, reason: 'Programmed', message };
}

function reconciling(message: string): Verdict {
  return { status: false, reason: 'Reconciling', message };
}
