/** Taking an element out of the document that it stands in without changing what it means. */

import { COLON, N_COLON, NAME_CLASS } from '../xml/characters.ts';
import { escapeAttribute } from '../xml/escape.ts';
import {
  A_VALUE_END,
  A_VALUE_START,
  ATTRIBUTE_STRIDE,
  D_PREFIX,
  DECLARATION_STRIDE,
  E_ATTRIBUTES,
  E_DECLARATIONS,
} from '../xml/layout.ts';
import { firstRow } from '../xml/canonical-scope.ts';
import type { XmlIndex } from '../xml/xml-index.ts';

/**
 * The bytes of an element as they are, with those namespaces declared in its start tag that it takes from around it: so it
 * means the same wherever it stands, and its exclusive canonical form, with which others may have signed it, is the same.
 *
 * A prefix counts as used where a name has it, and where a value or text looks as if it had: `xsi:type="xs:string"`, or an
 * InclusiveNamespaces PrefixList. Declaring one too many does no harm. What is inherited otherwise (`xml:lang`,
 * `xml:base`) is not taken along, as exclusive canonicalization does not take it either.
 *
 * @param element number of an element of `index`
 * @returns a copy, not longer than the element and the declarations around it
 */
export function selfContained(index: XmlIndex, element: number): Buffer {
  const { bytes } = index;
  const inherited = inheritedNamespaces(index, element);
  const used = new Set<string>();
  if (inherited.has('')) used.add('');
  if (inherited.size > used.size) {
    if (hasHiddenCharacters(bytes, index.start(element), index.end(element))) {
      for (const prefix of inherited.keys()) used.add(prefix);
    } else {
      addWords(bytes, index.start(element), index.end(element), inherited, used, true);
      addListedPrefixes(index, element, inherited, used);
    }
  }
  let declarations = '';
  for (const [prefix, uri] of inherited) {
    if (used.has(prefix)) declarations += ` ${prefix === '' ? 'xmlns' : `xmlns:${prefix}`}="${escapeAttribute(uri)}"`;
  }
  const nameEnd = index.tagNameEnd(element);
  return Buffer.concat([
    bytes.subarray(index.start(element), nameEnd),
    Buffer.from(declarations),
    bytes.subarray(nameEnd, index.end(element)),
  ]);
}

/** What is in scope around the element, and not said anew by its own start tag. */
function inheritedNamespaces(index: XmlIndex, element: number): Map<string, string> {
  const inherited = index.namespacesInScope(element);
  for (const prefix of declaredPrefixes(index, element)) inherited.delete(prefix);
  return inherited;
}

/** The prefixes that a start tag declares; empty for the default namespace. */
export function declaredPrefixes(index: XmlIndex, element: number): string[] {
  const { declarations, tokens } = index.tables;
  const prefixes: string[] = [];
  const end = firstRow(index, element + 1, E_DECLARATIONS);
  for (let d = firstRow(index, element, E_DECLARATIONS); d < end; d++) {
    prefixes.push(tokens.bytesOf(declarations[d * DECLARATION_STRIDE + D_PREFIX]).toString());
  }
  return prefixes;
}

/** Adds to `used` the words of a stretch that are prefixes of `scope`; with `colon` only those before a colon. */
function addWords(
  bytes: Buffer,
  start: number,
  end: number,
  scope: ReadonlyMap<string, string>,
  used: Set<string>,
  colon: boolean,
): void {
  for (let i = start; i < end; i++) {
    const from = i;
    while (i < end && isWordByte(bytes[i])) i++;
    if (i === from || (colon && bytes[i] !== COLON)) continue;
    const word = bytes.toString('utf8', from, i);
    if (scope.has(word)) used.add(word);
  }
}

function isWordByte(byte: number): boolean {
  const kind = NAME_CLASS[byte];
  return kind !== 0 && kind !== N_COLON;
}

/** Adds the prefixes that stand by themselves in an attribute, as in a PrefixList. */
function addListedPrefixes(
  index: XmlIndex,
  element: number,
  scope: ReadonlyMap<string, string>,
  used: Set<string>,
): void {
  const { attributes } = index.tables;
  const end = firstRow(index, index.subtreeEnd(element), E_ATTRIBUTES);
  for (let a = firstRow(index, element, E_ATTRIBUTES); a < end; a++) {
    const at = a * ATTRIBUTE_STRIDE;
    addWords(index.bytes, attributes[at + A_VALUE_START], attributes[at + A_VALUE_END], scope, used, false);
  }
}

/** Carriage returns, which is how some write the line ends of base64. */
const HARMLESS = ['&#13;', '&#xd;', '&#xD;'];

/** Whether there are character references, as which a prefix or its colon could be written. */
function hasHiddenCharacters(bytes: Buffer, start: number, end: number): boolean {
  for (let i = bytes.indexOf('&#', start, 'latin1'); i !== -1 && i < end; i = bytes.indexOf('&#', i + 2, 'latin1')) {
    if (!HARMLESS.includes(bytes.toString('latin1', i, i + 5))) return true;
  }
  return false;
}
