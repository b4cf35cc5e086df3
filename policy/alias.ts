/** The name of a policy's alias Service, by which an Envoy that cannot send gRPC metadata names the policy. */

import { createHash } from 'node:crypto';

const PREFIX = 'wssp-';
/** Characters of the policy's own name that are kept, so that a person can tell alias Services apart. */
const READABLE = 40;
/** 64 bits: nobody finds a second policy with the same alias by chance, and a chosen one only breaks the chooser's own. */
const DIGEST_CHARACTERS = 16;

/**
 * A DNS label (RFC 1123) of at most 63 characters, different for different policies.
 *
 * @param policyId `namespace/name`
 */
export function aliasName(policyId: string): string {
  const [, name = ''] = policyId.split('/');
  const readable = name.replaceAll('.', '-').slice(0, READABLE).replace(/-+$/, '');
  const digest = createHash('sha256').update(policyId).digest('hex').slice(0, DIGEST_CHARACTERS);
  return `${PREFIX}${readable}-${digest}`;
}

/** Whether the name of a Service looks like that of an alias Service; there need not be a policy for it. */
export function isAlias(name: string): boolean {
  return name.startsWith(PREFIX);
}
