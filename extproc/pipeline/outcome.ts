/** What the pipeline decides on a message, and how a message that was worked on goes on. */

import type { JobDone } from './engine.ts';
import type { Refusal } from './failure.ts';

/** What is to become of a message. */
export type Outcome =
  /** It goes on as it came. */
  | { readonly kind: 'pass' }
  | Forward
  /** Of a response: another one goes on in its place. */
  | Replacement
  /** It goes no further; this is what the client gets. */
  | Refused;

export interface Refused extends Refusal {
  readonly kind: 'refuse';
  readonly code: string;
  /** For logs, not for the client. */
  readonly reason: string;
}

export interface Replacement {
  readonly kind: 'replace';
  readonly status: number;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly body: Buffer;
}

export interface Forward {
  readonly kind: 'forward';
  /** The new body; absent: the body as it came. */
  readonly bytes?: Uint8Array;
  /** Headers to remove, and then those to set, in place of any that are there. Names in lower case. */
  readonly remove: readonly string[];
  readonly set: readonly { readonly name: string; readonly value: string }[];
}

export const PASS: Outcome = { kind: 'pass' };
/** Headers that describe the bytes of the body that came. */
const BODY_DIGESTS = ['content-md5', 'digest', 'content-digest', 'repr-digest'];

/** The content type stays but for the boundary of a multipart message; what the body was, and no longer is, goes. */
export function forward(
  { bytes, contentType, identity }: JobDone,
  headers: ReadonlyMap<string, readonly string[]>,
): Outcome {
  const set: { name: string; value: string }[] = [];
  const remove: string[] = [];
  if (bytes !== undefined) {
    set.push({ name: 'content-length', value: String(bytes.length) });
    if (contentType !== undefined) set.push({ name: 'content-type', value: contentType });
    if (headers.has('content-encoding')) remove.push('content-encoding');
    for (const name of BODY_DIGESTS) if (headers.has(name)) remove.push(name);
  }
  for (const { name, value } of identity) {
    if (headers.has(name)) remove.push(name);
    if (value !== undefined) set.push({ name, value });
  }
  if (bytes === undefined && set.length === 0 && remove.length === 0) return PASS;
  return { kind: 'forward', ...(bytes !== undefined && { bytes }), remove, set };
}
