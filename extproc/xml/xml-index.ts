import { isContentBoundary } from './content-boundary.ts';
import { NotTextError } from './errors.ts';
import {
  A_ENCODED,
  A_NAME,
  A_START,
  A_URI,
  A_VALUE_END,
  A_VALUE_START,
  ATTRIBUTE_STRIDE,
  D_PREFIX,
  D_URI,
  DECLARATION_STRIDE,
  E_ATTRIBUTES,
  E_CONTENT_END,
  E_CONTENT_START,
  E_DECLARATIONS,
  E_END,
  E_FLAGS,
  E_NAME,
  E_PARENT,
  E_START,
  E_SUBTREE_END,
  E_URI,
  ELEMENT_STRIDE,
  F_COMMENT_OR_PI,
  F_EMPTY_TAG,
  F_ENCODED_TEXT,
  NO_TOKEN,
  T_LENGTH,
  T_LOCAL,
  T_PREFIX,
  TOKEN_STRIDE,
} from './layout.ts';
import { NAMESPACE_XML } from './namespaces.ts';
import type { ScanTables } from './tables.ts';
import { decodeText, normalizeValue } from './values.ts';

/** An attribute that is no namespace declaration. */
export interface Attribute {
  /** `''`: none. */
  readonly namespaceUri: string;
  readonly localName: string;
  /** `''`: none. */
  readonly prefix: string;
  /** Normalised (XML 1.0 §3.3.3). */
  readonly value: string;
  /** Byte offset of the name. */
  readonly start: number;
  /** Byte offset after the closing quote. */
  readonly end: number;
}

/**
 * The elements of a scanned document, each a number: its place in document order, the root 0. Offsets are bytes of
 * {@link XmlIndex.bytes}.
 */
export class XmlIndex {
  /** The document as given, a byte order mark included. */
  readonly bytes: Buffer;
  readonly elementCount: number;
  /** The tables of `layout.ts`: for the canonicalizer only. */
  readonly tables: ScanTables;
  /** Namespaces around the root, as given to `scan`. */
  readonly context: ReadonlyMap<string, string>;
  /** Strings of tokens asked for so far. */
  readonly #strings: (string | undefined)[] = [];
  #ids: Map<string, number[]> | undefined;
  /** By element, in document order. */
  #included: ReadonlyMap<number, Buffer> | undefined;

  constructor(tables: ScanTables, context: ReadonlyMap<string, string>) {
    this.bytes = tables.bytes;
    this.elementCount = tables.elementCount;
    this.tables = tables;
    this.context = context;
  }

  /**
   * Lets elements stand for octets outside of the document (XOP): in canonical forms and texts they are base64.
   *
   * @param octets by element, in document order; each element is empty, and all that its parent holds
   */
  include(octets: ReadonlyMap<number, Buffer>): void {
    this.#included = octets;
  }

  /** As given to {@link XmlIndex.include}; undefined: none. */
  get included(): ReadonlyMap<number, Buffer> | undefined {
    return this.#included;
  }

  /** What the only child of the element stands for, if it does. */
  includedIn(element: number): Buffer | undefined {
    return this.#included?.get(this.firstChild(element));
  }

  /** Offset of the `<` of the start tag. */
  start(element: number): number {
    return this.#column(element, E_START);
  }

  /** Offset after the `>` of the start tag; {@link XmlIndex.end} for an empty-element tag. */
  contentStart(element: number): number {
    return this.#column(element, E_CONTENT_START);
  }

  /** Offset of the `<` of the end tag; {@link XmlIndex.end} for an empty-element tag. */
  contentEnd(element: number): number {
    return this.#column(element, E_CONTENT_END);
  }

  /** Offset after the element. */
  end(element: number): number {
    return this.#column(element, E_END);
  }

  /** Whether it is written `<a/>`. */
  isEmptyTag(element: number): boolean {
    return (this.#column(element, E_FLAGS) & F_EMPTY_TAG) !== 0;
  }

  /** Offset after the name in the start tag: where an attribute can be inserted. */
  tagNameEnd(element: number): number {
    const name = this.#column(element, E_NAME);
    return this.#column(element, E_START) + 1 + this.tables.tokens.rows[name * TOKEN_STRIDE + T_LENGTH];
  }

  /** -1 for the root. */
  parent(element: number): number {
    return this.#column(element, E_PARENT);
  }

  /** -1 if it has no child elements. */
  firstChild(element: number): number {
    return this.#column(element, E_SUBTREE_END) > element + 1 ? element + 1 : -1;
  }

  /** -1 for the last child of its parent. */
  nextSibling(element: number): number {
    const parent = this.#column(element, E_PARENT);
    if (parent < 0) return -1;
    const next = this.#column(element, E_SUBTREE_END);
    return next < this.#column(parent, E_SUBTREE_END) ? next : -1;
  }

  /** First element in document order that is not a descendant. */
  subtreeEnd(element: number): number {
    return this.#column(element, E_SUBTREE_END);
  }

  localName(element: number): string {
    return this.#string(this.#name(this.#column(element, E_NAME), T_LOCAL));
  }

  /** `''`: none. */
  namespaceUri(element: number): string {
    return this.#string(this.#column(element, E_URI));
  }

  /** `''`: none. */
  prefix(element: number): string {
    return this.#string(this.#name(this.#column(element, E_NAME), T_PREFIX));
  }

  /** Whether the element has this namespace (`''` = none) and local name. */
  is(element: number, namespaceUri: string, localName: string): boolean {
    return this.localName(element) === localName && this.namespaceUri(element) === namespaceUri;
  }

  /** First child element of that name, or -1. */
  child(element: number, namespaceUri: string, localName: string): number {
    let child = this.firstChild(element);
    while (child >= 0 && !this.is(child, namespaceUri, localName)) child = this.nextSibling(child);
    return child;
  }

  /** All child elements, in document order. */
  children(element: number): number[] {
    const children = [];
    for (let child = this.firstChild(element); child >= 0; child = this.nextSibling(child)) children.push(child);
    return children;
  }

  /** Value of an attribute, normalised (XML 1.0 §3.3.3); `namespaceUri` `''` = none. */
  attribute(element: number, namespaceUri: string, localName: string): string | undefined {
    const end = this.#end(element, E_ATTRIBUTES, this.tables.attributeCount);
    for (let a = this.#column(element, E_ATTRIBUTES); a < end; a++) {
      const at = a * ATTRIBUTE_STRIDE;
      if (
        this.#string(this.#name(this.tables.attributes[at + A_NAME], T_LOCAL)) === localName &&
        this.#string(this.tables.attributes[at + A_URI]) === namespaceUri
      ) {
        return this.attributeValue(a);
      }
    }
    return undefined;
  }

  /** All attributes in the order they are written, namespace declarations excluded. */
  attributes(element: number): Attribute[] {
    const table = this.tables.attributes;
    const result: Attribute[] = [];
    const end = this.#end(element, E_ATTRIBUTES, this.tables.attributeCount);
    for (let a = this.#column(element, E_ATTRIBUTES); a < end; a++) {
      const at = a * ATTRIBUTE_STRIDE;
      const name = table[at + A_NAME];
      result.push({
        namespaceUri: this.#string(table[at + A_URI]),
        localName: this.#string(this.#name(name, T_LOCAL)),
        prefix: this.#string(this.#name(name, T_PREFIX)),
        value: this.attributeValue(a),
        start: table[at + A_START],
        end: table[at + A_VALUE_END] + 1,
      });
    }
    return result;
  }

  /** Value of the attribute in a row of the table of attributes, normalised. */
  attributeValue(attribute: number): string {
    const at = attribute * ATTRIBUTE_STRIDE;
    const start = this.tables.attributes[at + A_VALUE_START];
    const end = this.tables.attributes[at + A_VALUE_END];
    if (this.tables.attributes[at + A_ENCODED] === 1) return normalizeValue(this.bytes, start, end);
    return this.bytes.toString('utf8', start, end);
  }

  /** Whether the element has character data only: no elements, comments or processing instructions. */
  hasOnlyText(element: number): boolean {
    return (this.firstChild(element) < 0 && !this.hasCommentOrPi(element)) || this.includedIn(element) !== undefined;
  }

  /**
   * Character data of an element that has nothing else: references resolved, CDATA sections unwrapped, line ends one
   * line feed each (XML 1.0 §2.11).
   * @throws {NotTextError} if it holds elements, comments or processing instructions
   */
  text(element: number): string {
    this.#requireText(element);
    const included = this.includedIn(element);
    if (included !== undefined) return included.toString('base64');
    const start = this.contentStart(element);
    const end = this.contentEnd(element);
    const encoded = (this.#column(element, E_FLAGS) & F_ENCODED_TEXT) !== 0;
    return encoded ? decodeText(this.bytes, start, end) : this.bytes.toString('utf8', start, end);
  }

  /**
   * Character data as in {@link XmlIndex.text}, as UTF-8: a view of the document where that is possible, not to be
   * written to.
   * @throws {NotTextError} if it holds elements, comments or processing instructions
   */
  textBytes(element: number): Buffer {
    this.#requireText(element);
    if (this.includedIn(element) !== undefined || (this.#column(element, E_FLAGS) & F_ENCODED_TEXT) !== 0)
      return Buffer.from(this.text(element));
    return this.bytes.subarray(this.contentStart(element), this.contentEnd(element));
  }

  /** Namespace that `prefix` (`''` = default namespace) is bound to at the element; undefined if to none. */
  namespaceOf(element: number, prefix: string): string | undefined {
    if (prefix === 'xml') return NAMESPACE_XML;
    for (let e = element; e >= 0; e = this.#column(e, E_PARENT)) {
      const end = this.#end(e, E_DECLARATIONS, this.tables.declarationCount);
      for (let d = this.#column(e, E_DECLARATIONS); d < end; d++) {
        const at = d * DECLARATION_STRIDE;
        if (this.#string(this.tables.declarations[at + D_PREFIX]) !== prefix) continue;
        const uri = this.tables.declarations[at + D_URI];
        return uri === NO_TOKEN ? undefined : this.#string(uri);
      }
    }
    return this.context.get(prefix) || undefined;
  }

  /** Every prefix (`''` = default namespace) bound at the element, `xml` excluded, with its namespace. */
  namespacesInScope(element: number): Map<string, string> {
    const path: number[] = [];
    for (let e = element; e >= 0; e = this.#column(e, E_PARENT)) path.push(e);
    const scope = new Map(this.context);
    for (const e of path.reverse()) {
      const end = this.#end(e, E_DECLARATIONS, this.tables.declarationCount);
      for (let d = this.#column(e, E_DECLARATIONS); d < end; d++) {
        const at = d * DECLARATION_STRIDE;
        const prefix = this.#string(this.tables.declarations[at + D_PREFIX]);
        scope.set(prefix, this.#string(this.tables.declarations[at + D_URI]));
      }
    }
    scope.delete('xml');
    if (scope.get('') === '') scope.delete('');
    return scope;
  }

  /** Every element with an attribute of this value whose local name is Id, ID, id or AssertionID, in document order. */
  elementsWithId(value: string): number[] {
    if (this.#ids === undefined) {
      this.#ids = new Map();
      const ids = this.tables.ids;
      for (let i = 0; i < ids.length; i += 2) {
        const id = this.attributeValue(ids[i]);
        const element = ids[i + 1];
        const known = this.#ids.get(id);
        if (known === undefined) this.#ids.set(id, [element]);
        else if (known.at(-1) !== element) known.push(element);
      }
    }
    return this.#ids.get(value)?.slice() ?? [];
  }

  /** Whether a comment or processing instruction is anywhere inside the element. */
  hasCommentOrPi(element: number): boolean {
    return (this.#column(element, E_FLAGS) & F_COMMENT_OR_PI) !== 0;
  }

  /**
   * Whether the bytes from `start` to `end` are content of `parent` that is well-formed by itself: both offsets lie
   * directly inside `parent`, between two tokens or inside text, and so no tag, comment, CDATA section, processing
   * instruction, reference or character is partly inside.
   */
  isContentRange(start: number, end: number, parent: number): boolean {
    return start <= end && isContentBoundary(this, start, parent) && isContentBoundary(this, end, parent);
  }

  #requireText(element: number): void {
    if (!this.hasOnlyText(element)) {
      throw new NotTextError(`Element ${this.localName(element)} has more than text`, this.start(element));
    }
  }

  #column(element: number, column: number): number {
    return this.tables.elements[element * ELEMENT_STRIDE + column];
  }

  /** Row after the last one that an element has in another table. */
  #end(element: number, column: number, count: number): number {
    return element + 1 < this.elementCount ? this.#column(element + 1, column) : count;
  }

  #name(token: number, column: number): number {
    return this.tables.tokens.rows[token * TOKEN_STRIDE + column];
  }

  #string(token: number): string {
    return (this.#strings[token] ??= this.tables.tokens.bytesOf(token).toString());
  }
}
