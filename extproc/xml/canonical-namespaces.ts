import type { AddedId, CanonicalizeOptions } from './c14n.ts';
import { firstRow, isRelativeUri, namespaceTokensInScope } from './canonical-scope.ts';
import { C14nError } from './errors.ts';
import * as layout from './layout.ts';
import { compareTokens } from './names.ts';
import type { XmlIndex } from './xml-index.ts';

const { A_NAME, A_URI, ATTRIBUTE_STRIDE, D_PREFIX, D_URI, DECLARATION_STRIDE } = layout;
const { E_ATTRIBUTES, E_DECLARATIONS, E_FLAGS, E_NAME, E_SUBTREE_END, E_URI, ELEMENT_STRIDE } = layout;
const { F_HAS_DECLARATIONS, F_HAS_PREFIXED_ATTRIBUTES, NO_TOKEN, T_BINDING, T_PREFIX, TOKEN_STRIDE } = layout;

/**
 * Which namespace each prefix is rendered with at the place that a canonicalizer has come to. Kept in the token table
 * (`T_BINDING`), one integer to look up per element, and taken back when an element ends and at the end of all, so that
 * the table is as it was.
 */
export class RenderedNamespaces {
  readonly #index: XmlIndex;
  readonly #added: ReadonlyMap<number, AddedId> | undefined;
  readonly #exclusive: boolean;
  /** Tokens of the PrefixList. */
  readonly #inclusivePrefixes: number[];
  /** Prefix and former binding of each declaration rendered in the elements that are open. */
  readonly #undo: number[] = [];
  /** For each open element that renders declarations: the element after it, and the length of `#undo` before it. */
  readonly #scopes: number[] = [];
  /** First element at which something is to be taken back. */
  scopeEnd = Infinity;
  /** Prefixes to be declared in the start tag at hand. */
  readonly pending: number[] = [];

  constructor(index: XmlIndex, options: CanonicalizeOptions) {
    this.#index = index;
    this.#added = options.added;
    this.#exclusive = options.mode === 'exclusive';
    const prefixes = this.#exclusive ? (options.inclusivePrefixes ?? []) : [];
    this.#inclusivePrefixes = prefixes.map((prefix) => this.#token(prefix === '#default' ? '' : prefix));
  }

  /** Collects in `pending`, in canonical order, what the start tag of `element` is to declare. */
  enter(element: number, apex: boolean): void {
    const undoLength = this.#undo.length;
    this.pending.length = 0;
    const added = this.#added?.get(element);
    if (this.#exclusive) this.#needUsed(element, added);
    else if (!apex && added?.declare) this.#need(this.#token(added.prefix), this.#token(added.namespaceUri));
    if (!this.#exclusive || this.#inclusivePrefixes.length > 0) {
      if (apex) this.#needInScope(element);
      else this.#needDeclared(element);
    }
    if (this.pending.length === 0) return;
    const { bytes, elements, tokens } = this.#index.tables;
    if (this.pending.length > 1) this.pending.sort((a, b) => compareTokens(tokens, bytes, a, b));
    for (const prefix of this.pending) this.#refuseRelative(this.bindingOf(prefix), element);
    this.scopeEnd = elements[element * ELEMENT_STRIDE + E_SUBTREE_END];
    this.#scopes.push(this.scopeEnd, undoLength);
  }

  /** Takes back what the elements have rendered that ended before `element`. */
  leave(element: number): void {
    const scopes = this.#scopes;
    while (scopes.length > 0 && scopes[scopes.length - 2] <= element) {
      this.#undoTo(scopes[scopes.length - 1]);
      scopes.length -= 2;
    }
    this.scopeEnd = scopes.length > 0 ? scopes[scopes.length - 2] : Infinity;
  }

  /** Takes back everything. */
  clear(): void {
    this.#undoTo(0);
  }

  /** Token of the namespace name that a prefix is rendered with. */
  bindingOf(prefix: number): number {
    return this.#index.tables.tokens.rows[prefix * TOKEN_STRIDE + T_BINDING];
  }

  /** Whether the declarations in the source are exactly those pending; their order is known to be right. */
  areDeclared(element: number): boolean {
    const { declarations } = this.#index.tables;
    const first = firstRow(this.#index, element, E_DECLARATIONS);
    if (firstRow(this.#index, element + 1, E_DECLARATIONS) - first !== this.pending.length) return false;
    for (let i = 0; i < this.pending.length; i++) {
      if (declarations[(first + i) * DECLARATION_STRIDE + D_PREFIX] !== this.pending[i]) return false;
    }
    return true;
  }

  /**
   * Canonical XML 1.0 §1.3: relative namespace URIs have no canonical form.
   * @throws {C14nError} if one is declared in the element or below
   */
  refuseRelativeBelow(apex: number): void {
    const { declarations, elements } = this.#index.tables;
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

  /** Renders a declaration in the start tag at hand unless an output ancestor did. */
  #need(prefix: number, uri: number): void {
    const rows = this.#index.tables.tokens.rows;
    const at = prefix * TOKEN_STRIDE + T_BINDING;
    const rendered = rows[at];
    if (rendered === uri) return;
    this.#undo.push(prefix, rendered);
    rows[at] = uri;
    this.pending.push(prefix);
  }

  /** Exclusive C14N §3: the prefixes visibly used. */
  #needUsed(element: number, added: AddedId | undefined): void {
    const { attributes, elements, tokens } = this.#index.tables;
    const row = element * ELEMENT_STRIDE;
    this.#need(tokens.rows[elements[row + E_NAME] * TOKEN_STRIDE + T_PREFIX], elements[row + E_URI]);
    if ((elements[row + E_FLAGS] & F_HAS_PREFIXED_ATTRIBUTES) !== 0) {
      const end = firstRow(this.#index, element + 1, E_ATTRIBUTES);
      for (let a = elements[row + E_ATTRIBUTES]; a < end; a++) {
        const at = a * ATTRIBUTE_STRIDE;
        const prefix = tokens.rows[attributes[at + A_NAME] * TOKEN_STRIDE + T_PREFIX];
        if (prefix !== NO_TOKEN) this.#need(prefix, attributes[at + A_URI]);
      }
    }
    if (added !== undefined && added.prefix !== '') {
      this.#need(this.#token(added.prefix), this.#token(added.namespaceUri));
    }
  }

  /** At the apex: what its ancestors declare too. */
  #needInScope(element: number): void {
    const scope = namespaceTokensInScope(this.#index, element, this.#added);
    if (this.#exclusive) {
      for (const prefix of this.#inclusivePrefixes) this.#need(prefix, scope.get(prefix) ?? this.bindingOf(prefix));
    } else {
      for (const [prefix, uri] of scope) if (uri !== NO_TOKEN) this.#need(prefix, uri);
    }
  }

  /** Below the apex: what the element itself declares. */
  #needDeclared(element: number): void {
    const { declarations, elements } = this.#index.tables;
    const row = element * ELEMENT_STRIDE;
    if ((elements[row + E_FLAGS] & F_HAS_DECLARATIONS) === 0) return;
    const end = firstRow(this.#index, element + 1, E_DECLARATIONS);
    for (let d = elements[row + E_DECLARATIONS]; d < end; d++) {
      const at = d * DECLARATION_STRIDE;
      const prefix = declarations[at + D_PREFIX];
      if (!this.#exclusive || this.#inclusivePrefixes.includes(prefix)) this.#need(prefix, declarations[at + D_URI]);
    }
  }

  #undoTo(length: number): void {
    const rows = this.#index.tables.tokens.rows;
    for (let i = this.#undo.length - 2; i >= length; i -= 2) {
      rows[this.#undo[i] * TOKEN_STRIDE + T_BINDING] = this.#undo[i + 1];
    }
    this.#undo.length = length;
  }

  #token(text: string): number {
    return this.#index.tables.tokens.internForeign(Buffer.from(text));
  }
}
