import type { AddedId } from '../../xml/c14n.ts';
import type { XmlIndex } from '../../xml/xml-index.ts';

/** Prefixes as an InclusiveNamespaces PrefixList names them (Exclusive XML Canonicalization 1.0 §3). */
export function prefixList(scope: ReadonlyMap<string, string>): string[] {
  return [...scope.keys()].map(listed);
}

/**
 * The prefixes that are in scope around an element and that the element itself does not use: the list that Apache WSS4J
 * writes for a reference, and BSP 1.1 R5404 asks for.
 *
 * @param outer prefixes in scope at the element's parent, as {@link prefixList} names them
 * @param added the id the element is going to get, whose prefix it then uses
 */
export function inclusivePrefixes(
  index: XmlIndex,
  element: number,
  outer: readonly string[],
  added: AddedId | undefined,
): string[] {
  const used = new Set([listed(index.prefix(element))]);
  for (const attribute of index.attributes(element)) if (attribute.prefix !== '') used.add(attribute.prefix);
  if (added !== undefined && added.prefix !== '') used.add(added.prefix);
  return outer.filter((prefix) => !used.has(prefix));
}

function listed(prefix: string): string {
  return prefix === '' ? '#default' : prefix;
}
