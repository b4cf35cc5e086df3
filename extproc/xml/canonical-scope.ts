import {
  A_NAME,
  A_URI,
  ATTRIBUTE_STRIDE,
  D_PREFIX,
  D_URI,
  DECLARATION_STRIDE,
  E_ATTRIBUTES,
  E_DECLARATIONS,
  E_FLAGS,
  E_PARENT,
  ELEMENT_STRIDE,
  F_XML_ATTRIBUTES,
  T_LOCAL,
  TOKEN_STRIDE,
  TOKEN_XML_URI,
} from './layout.ts';
import type { AddedId } from './c14n.ts';
import type { XmlIndex } from './xml-index.ts';

/** Row of an element's first attribute (`E_ATTRIBUTES`) or declaration (`E_DECLARATIONS`). */
export function firstRow(index: XmlIndex, element: number, column: number): number {
  if (element < index.elementCount) return index.tables.elements[element * ELEMENT_STRIDE + column];
  return column === E_ATTRIBUTES ? index.tables.attributeCount : index.tables.declarationCount;
}

/** Every prefix bound at an element and its namespace, as tokens; virtual declarations of ancestors included. */
export function namespaceTokensInScope(
  index: XmlIndex,
  element: number,
  added: ReadonlyMap<number, AddedId> | undefined,
): Map<number, number> {
  const { elements, declarations, tokens } = index.tables;
  const scope = new Map<number, number>();
  for (let e = element; e >= 0; e = elements[e * ELEMENT_STRIDE + E_PARENT]) {
    const id = added?.get(e);
    if (id?.declare) {
      const prefix = tokens.internForeign(Buffer.from(id.prefix));
      if (!scope.has(prefix)) scope.set(prefix, tokens.internForeign(Buffer.from(id.namespaceUri)));
    }
    const end = firstRow(index, e + 1, E_DECLARATIONS);
    for (let d = firstRow(index, e, E_DECLARATIONS); d < end; d++) {
      const at = d * DECLARATION_STRIDE;
      const prefix = declarations[at + D_PREFIX];
      if (!scope.has(prefix)) scope.set(prefix, declarations[at + D_URI]);
    }
  }
  for (const [prefix, uri] of index.context) {
    const token = tokens.internForeign(Buffer.from(prefix));
    if (!scope.has(token)) scope.set(token, tokens.internForeign(Buffer.from(uri)));
  }
  return scope;
}

/**
 * Rows of the attributes in the namespace of `xml` that the ancestors of an element have, nearest ancestor first.
 */
export function ancestorXmlAttributes(index: XmlIndex, element: number): number[] {
  const { elements, attributes } = index.tables;
  const rows: number[] = [];
  for (let e = index.parent(element); e >= 0; e = elements[e * ELEMENT_STRIDE + E_PARENT]) {
    if ((elements[e * ELEMENT_STRIDE + E_FLAGS] & F_XML_ATTRIBUTES) === 0) continue;
    const end = firstRow(index, e + 1, E_ATTRIBUTES);
    for (let a = firstRow(index, e, E_ATTRIBUTES); a < end; a++) {
      if (attributes[a * ATTRIBUTE_STRIDE + A_URI] === TOKEN_XML_URI) rows.push(a);
    }
  }
  return rows;
}

/** Token of an attribute's local name. */
export function localNameOf(index: XmlIndex, attribute: number): number {
  const name = index.tables.attributes[attribute * ATTRIBUTE_STRIDE + A_NAME];
  return index.tables.tokens.rows[name * TOKEN_STRIDE + T_LOCAL];
}

/** Whether a namespace name is a relative URI reference: it has no scheme (RFC 3986 §4.2). */
export function isRelativeUri(uri: Buffer): boolean {
  for (let i = 0; i < uri.length; i++) {
    const byte = uri[i];
    const letter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
    if (letter) continue;
    if (i > 0 && byte === 0x3a) return false;
    const other = (byte >= 0x30 && byte <= 0x39) || byte === 0x2b || byte === 0x2d || byte === 0x2e;
    if (i === 0 || !other) return true;
  }
  return uri.length > 0;
}
