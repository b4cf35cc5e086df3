/** Which policy a stream is for. Only Envoy's configuration may say so; nothing that a client sends is looked at. */

import type { Metadata } from '@grpc/grpc-js';
import { isAlias } from '../../policy/alias.ts';
import { PolicyAmbiguousError, PolicyNotNamedError } from '../pipeline/errors.ts';

/**
 * Where the policy's name is looked for. `authority`: the gRPC :authority `ALIAS.namespace[:port]`, where the alias is that
 * of the policy's alias Service. `metadata`: gRPC initial metadata `x-wss-policy: namespace/name`, set per route.
 * `route-name`: the attribute `xds.route_name`, for routes that are named as their policies are.
 */
export const POLICY_SOURCES = ['authority', 'metadata', 'route-name'] as const;
export type PolicySource = (typeof POLICY_SOURCES)[number];

export interface StreamIdentity {
  readonly metadata: Metadata;
  readonly authority: string;
  /** Of the first message. */
  readonly attributes: ReadonlyMap<string, string> | undefined;
}

/** Knows the policies by their aliases. */
export interface Aliases {
  /** @throws PipelineError for one that is unknown */
  policyOfAlias(alias: string): string;
}

/**
 * @param sources in the order in which they are asked; the first that says anything decides
 * @returns `namespace/name`
 * @throws PolicyNotNamedError; PolicyAmbiguousError when authority and metadata, which exist to name policies and nothing
 *   else, contradict what was decided; PolicyUnknownError for an alias that is none of ours
 */
export function policyIdentity(identity: StreamIdentity, sources: readonly PolicySource[], aliases: Aliases): string {
  let decided: string | undefined;
  for (const source of sources) {
    const name = nameFrom(source, identity, aliases);
    if (name === undefined || name === '') continue;
    if (decided !== undefined && decided !== name && source !== 'route-name') {
      throw new PolicyAmbiguousError(
        `Envoy's configuration names two policies; ${source} contradicts what comes first`,
      );
    }
    decided ??= name;
  }
  if (decided !== undefined) return decided;
  throw new PolicyNotNamedError(`Envoy's configuration names no policy (looked at: ${sources.join(', ')})`);
}

function nameFrom(
  source: PolicySource,
  { metadata, authority, attributes }: StreamIdentity,
  aliases: Aliases,
): string | undefined {
  switch (source) {
    case 'metadata':
      return metadata.get('x-wss-policy').join(', ');
    case 'route-name':
      return attributes?.get('xds.route_name');
    case 'authority': {
      const [service = ''] = authority.split('.', 1);
      return isAlias(service) ? aliases.policyOfAlias(service) : undefined;
    }
  }
}
