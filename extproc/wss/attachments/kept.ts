import type { SoapMessage } from '../soap.ts';

/** Attachments that go on with a message. */
export interface KeptAttachments {
  /** Positions, in order. */
  readonly kept: readonly number[];
  /** Those of them that an xop:Include stands for. */
  readonly included: ReadonlySet<number>;
}

/**
 * The attachments that a message still has: what an xop:Include named that is no longer there, because it was decrypted,
 * encrypted or removed, goes with it.
 *
 * @param removed an element that is about to go, or -1
 */
export function keptAttachments({ index, attachments, includes }: SoapMessage, removed: number): KeptAttachments {
  const included = new Set<number>();
  for (const [element, position] of includes ?? []) {
    const isRemoved = removed !== -1 && element > removed && element < index.subtreeEnd(removed);
    if (!isRemoved) included.add(position);
  }
  const positions = [...(attachments?.parts.keys() ?? [])];
  const kept = positions.filter((position) => included.has(position) || !attachments?.included.has(position));
  return { kept, included };
}
