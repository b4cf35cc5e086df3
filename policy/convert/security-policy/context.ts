/** What the parts of a conversion share. */

import type { FieldPath } from '../../load.ts';
import type { Findings } from '../finding.ts';
import type { Comment, Draft, Naming, NeededObject } from '../manifests.ts';
import type { Endpoint } from '../ws-policy/wsdl.ts';
import type { Requirements } from './requirements.ts';
import type { Direction, Side } from './side.ts';

export interface Context {
  readonly side: Side;
  readonly naming: Naming;
  readonly endpoint: Endpoint;
  readonly requirements: Requirements;
  readonly findings: Findings;
  /** Comments on what was written, beside the findings. */
  readonly comments: Comment[];
  /** Objects that the policy refers to and that the user must make. */
  readonly needed: NeededObject[];
  /** Further resources: a SecurityTokenService. */
  readonly others: Draft[];
}

export function phaseOf(direction: Direction): 'request' | 'response' {
  return direction === 'input' ? 'request' : 'response';
}

/** Path of a field of `secure` or `verify`. */
export function fieldOf(direction: Direction, ...path: FieldPath): FieldPath {
  return ['spec', phaseOf(direction), ...path];
}

/**
 * A reference to an object that is not there yet.
 *
 * @param suffix after the name of the policy
 * @param what keys of the object, and what belongs there
 * @returns its name
 */
export function need(context: Context, kind: NeededObject['kind'], suffix: string, what: string): string {
  const name = `${context.naming.name}-${suffix}`;
  if (!context.needed.some((each) => each.kind === kind && each.name === name))
    context.needed.push({ kind, name, what });
  return name;
}

/** Our own private key with its certificate. */
export function ownKey(context: Context): { name: string } {
  const of = context.side === 'client' ? 'that the partner knows as ours' : 'of the service';
  return {
    name: need(
      context,
      'Secret',
      'key',
      `tls.crt and tls.key: the certificate ${of}, and its private key (type kubernetes.io/tls)`,
    ),
  };
}

/**
 * Who may sign what arrives.
 *
 * @param named whether messages only name the certificate, so that it must be known to find it
 */
export function partnerAuthority(context: Context, named: boolean): { kind: string; name: string; key: string } {
  const whose = context.side === 'client' ? "the service's certificate" : "clients' certificates";
  const what = named
    ? `ca.crt: PEM of the certification authorities of ${whose}, and of these certificates themselves, because messages only name them; or pin the certificates (pin: true)`
    : `ca.crt: PEM of the certification authorities of ${whose}; or pin the certificates themselves (pin: true)`;
  const name = need(context, 'ConfigMap', 'partner-ca', what);
  return { kind: 'ConfigMap', name, key: 'ca.crt' };
}

/** Whom messages are encrypted for. */
export function partnerCertificate(context: Context): { kind: string; name: string } {
  const whose = context.side === 'client' ? 'the service' : 'the client';
  return {
    kind: 'ConfigMap',
    name: need(
      context,
      'ConfigMap',
      'partner-cert',
      `tls.crt: PEM of the certificate of ${whose}, which messages are encrypted for`,
    ),
  };
}
