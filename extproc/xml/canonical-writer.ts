import type { AddedId, CanonicalizeOptions } from './c14n.ts';
import type { CanonicalOutput } from './canonical-output.ts';
import {
  ancestorXmlAttributes,
  firstRow,
  isRelativeUri,
  localNameOf,
  namespaceTokensInScope,
} from './canonical-scope.ts';
import { writeContent, writeValue } from './canonical-text.ts';
import { EQUALS, GT, LT, QUOTE, SLASH, SPACE } from './characters.ts';
import { C14nError } from './errors.ts';
import { escapeAttribute } from './escape.ts';
import {
  A_NAME,
  A_URI,
  A_VALUE_END,
  A_VALUE_START,
  ATTRIBUTE_STRIDE,
  D_PREFIX,
  D_URI,
  DECLARATION_STRIDE,
  E_ATTRIBUTES,
  E_CONTENT_START,
  E_DECLARATIONS,
  E_END,
  E_FLAGS,
  E_NAME,
  E_START,
  E_SUBTREE_END,
  E_URI,
  ELEMENT_STRIDE,
  F_CANONICAL_TAG,
  F_EMPTY_TAG,
  F_HAS_DECLARATIONS,
  F_HAS_PREFIXED_ATTRIBUTES,
  NO_TOKEN,
  R_END,
  R_START,
  ROUGH_STRIDE,
  T_BINDING,
  T_LENGTH,
  T_PREFIX,
  TOKEN_STRIDE,
  TOKEN_XML_URI,
  UNBOUND,
} from './layout.ts';
import { compareTokens } from './names.ts';
import { joinBase } from './xml-base.ts';
import type { XmlIndex } from './xml-index.ts';

/** An attribute that the start tag in the source does not have, or not with this value. */
interface VirtualAttribute {
  readonly uri: number;
  readonly local: number;
  readonly name: string;
  readonly value: string;
}

const XMLNS = Buffer.from(' xmlns');

/**
 * Writes canonical forms. Walks the elements in document order and copies the source in slices as long as it is
 * canonical already; only start tags and stretches of content that are not are written anew.
 *
 * Which namespace each prefix is rendered with is kept in the token table (`T_BINDING`), one integer to look up per
 * element, and taken back when an element ends and at the end of all, so that the table is as it was.
 */
export class CanonicalWriter {
  readonly #index: XmlIndex;
  readonly #bytes: Buffer;
  readonly #output: CanonicalOutput;
  readonly #options: CanonicalizeOptions;
  readonly #exclusive: boolean;
  /** Tokens of the PrefixList. */
  readonly #inclusivePrefixes: number[];
  /** Start of the source bytes that are to be copied next. */
  #runStart = 0;
  #roughRow = 0;
  /** Prefix and former binding of each declaration rendered in the elements that are open. */
  readonly #undo: number[] = [];
  /** For each open element that renders declarations: the element after it, and the length of `#undo` before it. */
  readonly #scopes: number[] = [];
  /** Prefixes to be declared in the start tag at hand. */
  readonly #pending: number[] = [];

  constructor(index: XmlIndex, options: CanonicalizeOptions, output: CanonicalOutput) {
    this.#index = index;
    this.#bytes = index.bytes;
    this.#output = output;
    this.#options = options;
    this.#exclusive = options.mode === 'exclusive';
    const prefixes = this.#exclusive ? (options.inclusivePrefixes ?? []) : [];
    this.#inclusivePrefixes = prefixes.map((prefix) =>
      index.tables.tokens.internForeign(Buffer.from(prefix === '#default' ? '' : prefix)),
    );
  }

  writeElement(apex: number): void {
    this.#refuseRelativeNamespaces(apex);
    try {
      this.#walk(apex);
    } finally {
      this.#undoTo(0);
    }
  }

  #walk(apex: number): void {
    const { elements, tokens } = this.#index.tables;
    const last = elements[apex * ELEMENT_STRIDE + E_SUBTREE_END];
    const end = elements[apex * ELEMENT_STRIDE + E_END];
    const added = [...(this.#options.added?.keys() ?? [])].sort((a, b) => a - b);
    let nextAdded = 0;
    while (nextAdded < added.length && added[nextAdded] <= apex) nextAdded++;
    // Elements with none of these flags but the first are copied, once the namespace of their name is rendered.
    const mask = F_CANONICAL_TAG | F_HAS_DECLARATIONS | (this.#exclusive ? F_HAS_PREFIXED_ATTRIBUTES : 0);
    this.#runStart = elements[apex * ELEMENT_STRIDE + E_START];
    this.#roughRow = this.#firstRough(this.#runStart);
    let nextRough = this.#roughStart();
    this.#writeStart(apex, true);
    let scopeEnd = this.#scopeEnd();
    for (let element = apex + 1; element < last; element++) {
      const row = element * ELEMENT_STRIDE;
      if (nextRough < elements[row + E_START]) nextRough = this.#writeRough(elements[row + E_START]);
      if (scopeEnd <= element) scopeEnd = this.#leaveScopes(element);
      if (element === added[nextAdded]) nextAdded++;
      else if ((elements[row + E_FLAGS] & mask) === F_CANONICAL_TAG) {
        const prefix = tokens.rows[elements[row + E_NAME] * TOKEN_STRIDE + T_PREFIX];
        if (tokens.rows[prefix * TOKEN_STRIDE + T_BINDING] === elements[row + E_URI]) continue;
      }
      this.#writeStart(element, false);
      scopeEnd = this.#scopeEnd();
    }
    if (nextRough < end) this.#writeRough(end);
    this.#output.copy(this.#bytes, this.#runStart, end);
  }

  // Rough stretches of content

  /** First row of the table at or after `offset`. */
  #firstRough(offset: number): number {
    const { rough, roughCount } = this.#index.tables;
    let low = 0;
    let high = roughCount;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rough[middle * ROUGH_STRIDE + R_START] < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #roughStart(): number {
    const { rough, roughCount } = this.#index.tables;
    return this.#roughRow < roughCount ? rough[this.#roughRow * ROUGH_STRIDE + R_START] : Infinity;
  }

  /** Writes all rough stretches before `limit`; returns the start of the next. */
  #writeRough(limit: number): number {
    const { rough } = this.#index.tables;
    let start = this.#roughStart();
    while (start < limit) {
      const end = rough[this.#roughRow++ * ROUGH_STRIDE + R_END];
      this.#output.copy(this.#bytes, this.#runStart, start);
      if (end >= 0) writeContent(this.#output, this.#bytes, start, end, this.#options.comments);
      this.#runStart = end >= 0 ? end : ~end;
      start = this.#roughStart();
    }
    return start;
  }

  // Namespaces

  #scopeEnd(): number {
    return this.#scopes.length > 0 ? (this.#scopes.at(-2) as number) : Infinity;
  }

  /** Takes back what the elements have rendered that ended before `element`. */
  #leaveScopes(element: number): number {
    while (this.#scopes.length > 0 && (this.#scopes.at(-2) as number) <= element) {
      this.#undoTo(this.#scopes.pop() as number);
      this.#scopes.pop();
    }
    return this.#scopeEnd();
  }

  #undoTo(length: number): void {
    const undo = this.#undo;
    while (undo.length > length) {
      const uri = undo.pop() as number;
      const prefix = undo.pop() as number;
      this.#index.tables.tokens.rows[prefix * TOKEN_STRIDE + T_BINDING] = uri;
    }
  }

  /** Renders a declaration in the start tag at hand unless an output ancestor did. */
  #need(prefix: number, uri: number): void {
    const rows = this.#index.tables.tokens.rows;
    const rendered = rows[prefix * TOKEN_STRIDE + T_BINDING];
    if (rendered === uri) return;
    this.#undo.push(prefix, rendered);
    rows[prefix * TOKEN_STRIDE + T_BINDING] = uri;
    this.#pending.push(prefix);
  }

  #token(text: string): number {
    return this.#index.tables.tokens.internForeign(Buffer.from(text));
  }

  /** Collects in `#pending` what the start tag of `element` must declare. */
  #collectNamespaces(element: number, apex: boolean, added: AddedId | undefined): void {
    const { elements, attributes, declarations, tokens } = this.#index.tables;
    const row = element * ELEMENT_STRIDE;
    if (!this.#exclusive && apex) {
      for (const [prefix, uri] of namespaceTokensInScope(this.#index, element, this.#options.added)) {
        if (uri !== NO_TOKEN) this.#need(prefix, uri);
      }
      return;
    }
    if (this.#exclusive) {
      const prefix = tokens.rows[elements[row + E_NAME] * TOKEN_STRIDE + T_PREFIX];
      this.#need(prefix, elements[row + E_URI]);
      if ((elements[row + E_FLAGS] & F_HAS_PREFIXED_ATTRIBUTES) !== 0) {
        const end = firstRow(this.#index, element + 1, E_ATTRIBUTES);
        for (let a = elements[row + E_ATTRIBUTES]; a < end; a++) {
          const at = a * ATTRIBUTE_STRIDE;
          const name = attributes[at + A_NAME];
          const attributePrefix = tokens.rows[name * TOKEN_STRIDE + T_PREFIX];
          if (attributePrefix !== NO_TOKEN) this.#need(attributePrefix, attributes[at + A_URI]);
        }
      }
      if (added !== undefined && added.prefix !== '')
        this.#need(this.#token(added.prefix), this.#token(added.namespaceUri));
      if (this.#inclusivePrefixes.length === 0) return;
      if (apex) {
        const scope = namespaceTokensInScope(this.#index, element, this.#options.added);
        for (const prefix of this.#inclusivePrefixes) {
          const uri = scope.get(prefix);
          if (uri !== undefined) this.#need(prefix, uri);
        }
        return;
      }
    } else if (added?.declare) this.#need(this.#token(added.prefix), this.#token(added.namespaceUri));
    const end = firstRow(this.#index, element + 1, E_DECLARATIONS);
    for (let d = elements[row + E_DECLARATIONS]; d < end; d++) {
      const at = d * DECLARATION_STRIDE;
      const prefix = declarations[at + D_PREFIX];
      if (!this.#exclusive || this.#inclusivePrefixes.includes(prefix)) this.#need(prefix, declarations[at + D_URI]);
    }
  }

  #refuseRelativeNamespaces(apex: number): void {
    const { elements, declarations } = this.#index.tables;
    const end = firstRow(this.#index, elements[apex * ELEMENT_STRIDE + E_SUBTREE_END], E_DECLARATIONS);
    for (let d = elements[apex * ELEMENT_STRIDE + E_DECLARATIONS]; d < end; d++) {
      this.#refuseRelative(declarations[d * DECLARATION_STRIDE + D_URI], apex);
    }
  }

  #refuseRelative(uri: number, element: number): void {
    if (uri !== NO_TOKEN && isRelativeUri(this.#index.tables.tokens.bytesOf(uri))) {
      throw new C14nError('Relative namespace URI', this.#index.start(element));
    }
  }

  // Start tags

  #writeStart(element: number, apex: boolean): void {
    const { elements, tokens } = this.#index.tables;
    const row = element * ELEMENT_STRIDE;
    const flags = elements[row + E_FLAGS];
    const added = this.#options.added?.get(element);
    const undoLength = this.#undo.length;
    this.#pending.length = 0;
    this.#collectNamespaces(element, apex, added);
    if (this.#undo.length > undoLength) this.#scopes.push(elements[row + E_SUBTREE_END], undoLength);
    for (const prefix of this.#pending) {
      this.#refuseRelative(tokens.rows[prefix * TOKEN_STRIDE + T_BINDING], element);
    }
    const augment = apex && this.#options.augmentDefaultNamespace === true && !this.#pending.includes(NO_TOKEN);
    if (augment) this.#pending.push(NO_TOKEN);
    const virtual = this.#virtualAttributes(element, apex, added);
    if ((flags & F_CANONICAL_TAG) !== 0 && virtual.length === 0 && this.#declaresWhatIsPending(element)) return;

    const start = elements[row + E_START];
    const name = elements[row + E_NAME];
    const nameEnd = start + 1 + tokens.rows[name * TOKEN_STRIDE + T_LENGTH];
    const output = this.#output;
    output.copy(this.#bytes, this.#runStart, nameEnd);
    this.#writeDeclarations();
    this.#writeAttributes(element, virtual);
    output.byte(GT);
    this.#runStart = elements[row + E_CONTENT_START];
    if ((flags & F_EMPTY_TAG) === 0) return;
    output.byte(LT);
    output.byte(SLASH);
    output.copy(this.#bytes, start + 1, nameEnd);
    output.byte(GT);
  }

  /** Whether the declarations in the source are exactly those to be rendered; their order is known to be right. */
  #declaresWhatIsPending(element: number): boolean {
    const { declarations } = this.#index.tables;
    const first = firstRow(this.#index, element, E_DECLARATIONS);
    const end = firstRow(this.#index, element + 1, E_DECLARATIONS);
    if (end - first !== this.#pending.length) return false;
    for (let d = first; d < end; d++) {
      if (!this.#pending.includes(declarations[d * DECLARATION_STRIDE + D_PREFIX])) return false;
    }
    return true;
  }

  #writeDeclarations(): void {
    const { tokens } = this.#index.tables;
    const output = this.#output;
    this.#pending.sort((a, b) => compareTokens(tokens, this.#bytes, a, b));
    for (const prefix of this.#pending) {
      output.write(XMLNS);
      if (prefix !== NO_TOKEN) {
        output.byte(0x3a);
        output.write(tokens.bytesOf(prefix));
      }
      output.byte(EQUALS);
      output.byte(QUOTE);
      const uri = tokens.rows[prefix * TOKEN_STRIDE + T_BINDING];
      if (uri !== UNBOUND) output.write(Buffer.from(escapeAttribute(tokens.bytesOf(uri).toString())));
      output.byte(QUOTE);
    }
  }

  #writeAttributes(element: number, virtual: readonly VirtualAttribute[]): void {
    const rows: number[] = virtual.map((_, i) => ~i);
    const end = firstRow(this.#index, element + 1, E_ATTRIBUTES);
    for (let a = firstRow(this.#index, element, E_ATTRIBUTES); a < end; a++) {
      if (!virtual.some((attribute) => this.#isSame(attribute, a))) rows.push(a);
    }
    if (rows.length > 1) rows.sort((a, b) => this.#compare(virtual, a, b));
    const { attributes, tokens } = this.#index.tables;
    const output = this.#output;
    for (const a of rows) {
      output.byte(SPACE);
      if (a < 0) {
        const { name, value } = virtual[~a];
        output.write(Buffer.from(`${name}="${escapeAttribute(value)}"`));
        continue;
      }
      const at = a * ATTRIBUTE_STRIDE;
      output.write(tokens.bytesOf(attributes[at + A_NAME]));
      output.byte(EQUALS);
      output.byte(QUOTE);
      writeValue(output, this.#bytes, attributes[at + A_VALUE_START], attributes[at + A_VALUE_END]);
      output.byte(QUOTE);
    }
  }

  #isSame(virtual: VirtualAttribute, attribute: number): boolean {
    return this.#uriOf([], attribute) === virtual.uri && this.#localOf([], attribute) === virtual.local;
  }

  #compare(virtual: readonly VirtualAttribute[], a: number, b: number): number {
    const { tokens } = this.#index.tables;
    const uris = compareTokens(tokens, this.#bytes, this.#uriOf(virtual, a), this.#uriOf(virtual, b));
    if (uris !== 0) return uris;
    return compareTokens(tokens, this.#bytes, this.#localOf(virtual, a), this.#localOf(virtual, b));
  }

  #uriOf(virtual: readonly VirtualAttribute[], attribute: number): number {
    if (attribute < 0) return virtual[~attribute].uri;
    return this.#index.tables.attributes[attribute * ATTRIBUTE_STRIDE + A_URI];
  }

  #localOf(virtual: readonly VirtualAttribute[], attribute: number): number {
    if (attribute < 0) return virtual[~attribute].local;
    return localNameOf(this.#index, attribute);
  }

  /** The added identifier, and at the apex the `xml:` attributes that the inclusive modes import. */
  #virtualAttributes(element: number, apex: boolean, added: AddedId | undefined): VirtualAttribute[] {
    const virtual: VirtualAttribute[] = [];
    if (added !== undefined) {
      const { prefix, namespaceUri, localName, value } = added;
      const name = prefix === '' ? localName : `${prefix}:${localName}`;
      virtual.push({ uri: this.#token(namespaceUri), local: this.#token(localName), name, value });
    }
    if (!apex || this.#exclusive) return virtual;
    const inherited = ancestorXmlAttributes(this.#index, element);
    if (inherited.length === 0) return virtual;
    const own = (name: string) => this.#index.attribute(element, 'http://www.w3.org/XML/1998/namespace', name);
    const values = new Map<string, string>();
    let base = own('base');
    let bases = 0;
    for (const row of inherited) {
      const name = this.#index.tables.tokens.bytesOf(localNameOf(this.#index, row)).toString();
      const value = this.#index.attributeValue(row);
      if (this.#options.mode === 'inclusive11') {
        if (name === 'base') {
          base = base === undefined ? value : joinBase(value, base);
          bases++;
          continue;
        }
        if (name !== 'lang' && name !== 'space') continue;
      }
      if (!values.has(name) && own(name) === undefined) values.set(name, value);
    }
    if (bases > 0 && base !== undefined && base !== '') values.set('base', base);
    for (const [name, value] of values) {
      virtual.push({ uri: TOKEN_XML_URI, local: this.#token(name), name: `xml:${name}`, value });
    }
    return virtual;
  }
}
