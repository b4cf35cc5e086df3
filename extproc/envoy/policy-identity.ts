/** Which policy a stream is for. Only Envoy's configuration may say so; nothing that a client sends is looked at. */

import type { Metadata } from '@grpc/grpc-js';
import { PolicyNotNamedError } from '../pipeline/errors.ts';

/**
 * Where the policy's name is looked for. `metadata`: gRPC initial metadata `x-wss-policy: namespace/name`, set per route.
 * `route-name`: the attribute `xds.route_name`, for routes that are named as their policies are. `authority`: the gRPC
 * :authority `name.namespace[:port]`, for an alias Service per policy.
 */
export const POLICY_SOURCES = ['metadata', 'route-name', 'authority'] as const;
export type PolicySource = (typeof POLICY_SOURCES)[number];

export interface StreamIdentity {
  readonly metadata: Metadata;
  readonly authority: string;
  /** Of the first message. */
  readonly attributes: ReadonlyMap<string, string> | undefined;
}

/**
 * @param sources in the order in which they are asked; the first that says anything decides
 * @returns `namespace/name`
 * @throws PolicyNotNamedError
 */
export function policyIdentity(identity: StreamIdentity, sources: readonly PolicySource[]): string {
  for (const source of sources) {
    const name = nameFrom(source, identity);
    if (name !== undefined && name !== '') return name;
  }
  throw new PolicyNotNamedError(`Envoy's configuration names no policy (looked at: ${sources.join(', ')})`);
}

function nameFrom(source: PolicySource, { metadata, authority, attributes }: StreamIdentity): string | undefined {
  switch (source) {
    case 'metadata':
      return metadata.get('x-wss-policy').join(', ');
    case 'route-name':
      return attributes?.get('xds.route_name');
    case 'authority': {
      const [name, namespace] = authority.replace(/:\d+$/, '').split('.');
      return name === undefined || namespace === undefined ? undefined : `${namespace}/${name}`;
    }
  }
}
