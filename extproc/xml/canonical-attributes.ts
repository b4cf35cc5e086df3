import type { AddedId, CanonicalizationMode } from './c14n.ts';
import type { CanonicalOutput } from './canonical-output.ts';
import { ancestorXmlAttributes, firstRow, localNameOf } from './canonical-scope.ts';
import { writeValue } from './canonical-text.ts';
import * as characters from './characters.ts';
import { escapeAttribute } from './escape.ts';
import * as layout from './layout.ts';
import { compareAttributes, compareTokens } from './names.ts';
import { NAMESPACE_XML } from './namespaces.ts';
import { joinBases } from './xml-base.ts';
import type { XmlIndex } from './xml-index.ts';

const { EQUALS, QUOTE, SPACE } = characters;
const { A_ENCODED, A_NAME, A_START, A_URI, A_VALUE_END, A_VALUE_START, ATTRIBUTE_STRIDE } = layout;
const { E_ATTRIBUTES, T_LENGTH, TOKEN_STRIDE, TOKEN_XML_URI } = layout;

/** An attribute that the start tag in the source does not have, or not with this value. */
export interface VirtualAttribute {
  readonly uri: number;
  readonly local: number;
  readonly name: string;
  readonly value: string;
}

/** Writes the attributes of an element in canonical order. */
export function writeAttributes(output: CanonicalOutput, index: XmlIndex, element: number): void {
  const first = firstRow(index, element, E_ATTRIBUTES);
  const end = firstRow(index, element + 1, E_ATTRIBUTES);
  const { attributes, bytes, tokens } = index.tables;
  let ordered = true;
  for (let a = first + 1; a < end && ordered; a++) {
    ordered = compareAttributes(tokens, bytes, attributes, a - 1, a) < 0;
  }
  if (ordered) {
    for (let a = first; a < end; a++) writeAttribute(output, index, a);
    return;
  }
  const rows: number[] = [];
  for (let a = first; a < end; a++) rows.push(a);
  rows.sort((a, b) => compareAttributes(tokens, bytes, attributes, a, b));
  for (const a of rows) writeAttribute(output, index, a);
}

function writeAttribute(output: CanonicalOutput, index: XmlIndex, attribute: number): void {
  const { attributes, bytes, tokens } = index.tables;
  const at = attribute * ATTRIBUTE_STRIDE;
  const start = attributes[at + A_START];
  const valueStart = attributes[at + A_VALUE_START];
  const valueEnd = attributes[at + A_VALUE_END];
  const nameEnd = start + tokens.rows[attributes[at + A_NAME] * TOKEN_STRIDE + T_LENGTH];
  output.byte(SPACE);
  if (attributes[at + A_ENCODED] === 0 && valueStart === nameEnd + 2 && bytes[valueEnd] === QUOTE) {
    output.copy(start, valueEnd + 1);
    return;
  }
  output.copy(start, nameEnd);
  output.byte(EQUALS);
  output.byte(QUOTE);
  writeValue(output, bytes, valueStart, valueEnd);
  output.byte(QUOTE);
}

/** Writes the attributes of an element in canonical order, those of the same name in `virtual` instead of its own. */
export function writeAttributesWith(
  output: CanonicalOutput,
  index: XmlIndex,
  element: number,
  virtual: readonly VirtualAttribute[],
): void {
  const { attributes, bytes, tokens } = index.tables;
  const entries = virtual.map((attribute) => ({ ...attribute, row: -1 }));
  const end = firstRow(index, element + 1, E_ATTRIBUTES);
  for (let row = firstRow(index, element, E_ATTRIBUTES); row < end; row++) {
    const uri = attributes[row * ATTRIBUTE_STRIDE + A_URI];
    const local = localNameOf(index, row);
    if (virtual.some((other) => other.uri === uri && other.local === local)) continue;
    entries.push({ uri, local, name: '', value: '', row });
  }
  entries.sort((a, b) => compareTokens(tokens, bytes, a.uri, b.uri) || compareTokens(tokens, bytes, a.local, b.local));
  for (const { name, value, row } of entries) {
    if (row >= 0) writeAttribute(output, index, row);
    else output.write(Buffer.from(` ${name}="${escapeAttribute(value)}"`));
  }
}

/** The attribute that an added identifier will be. */
export function addedAttribute(index: XmlIndex, added: AddedId): VirtualAttribute {
  const { prefix, namespaceUri, localName, value } = added;
  const { tokens } = index.tables;
  return {
    uri: tokens.internForeign(Buffer.from(namespaceUri)),
    local: tokens.internForeign(Buffer.from(localName)),
    name: prefix === '' ? localName : `${prefix}:${localName}`,
    value,
  };
}

/**
 * The `xml:` attributes that an element gets from its ancestors, which are not part of the document subset: in
 * Canonical XML 1.0 (§2.4) all of them, in 1.1 (§2.4) `xml:lang` and `xml:space`, and `xml:base` joined.
 */
export function inheritedAttributes(index: XmlIndex, element: number, mode: CanonicalizationMode): VirtualAttribute[] {
  const rows = ancestorXmlAttributes(index, element);
  if (rows.length === 0) return [];
  const { tokens } = index.tables;
  const values = new Map<string, string>();
  const own = new Map(
    index
      .attributes(element)
      .map((attribute) => [attribute.namespaceUri === NAMESPACE_XML && attribute.localName, attribute.value]),
  );
  const bases: string[] = [];
  for (const row of rows) {
    const name = tokens.bytesOf(localNameOf(index, row)).toString();
    if (mode === 'inclusive11' && name === 'base') bases.push(index.attributeValue(row));
    else if (mode === 'inclusive11' && name !== 'lang' && name !== 'space') continue;
    else if (!values.has(name) && !own.has(name)) values.set(name, index.attributeValue(row));
  }
  if (bases.length > 0) {
    const base = own.get('base');
    const joined = joinBases(base === undefined ? bases.reverse() : [...bases.reverse(), base]);
    if (joined !== '') values.set('base', joined);
  }
  return [...values].map(([name, value]) => ({
    uri: TOKEN_XML_URI,
    local: tokens.internForeign(Buffer.from(name)),
    name: `xml:${name}`,
    value,
  }));
}
