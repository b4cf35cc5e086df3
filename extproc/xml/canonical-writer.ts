import type { CanonicalizeOptions } from './c14n.ts';
import {
  addedAttribute,
  inheritedAttributes,
  type VirtualAttribute,
  writeAttributes,
  writeAttributesWith,
} from './canonical-attributes.ts';
import { RenderedNamespaces } from './canonical-namespaces.ts';
import type { CanonicalOutput } from './canonical-output.ts';
import { writeContent, writeValue } from './canonical-text.ts';
import * as characters from './characters.ts';
import { escapeAttribute } from './escape.ts';
import * as layout from './layout.ts';
import type { XmlIndex } from './xml-index.ts';

const { COLON, EQUALS, GT, LT, QUOTE, SLASH } = characters;
const { E_CONTENT_START, E_END, E_FLAGS, E_NAME, E_START, E_SUBTREE_END, E_URI, ELEMENT_STRIDE } = layout;
const { F_CANONICAL_TAG, F_EMPTY_TAG, F_HAS_DECLARATIONS, F_HAS_PREFIXED_ATTRIBUTES } = layout;
const { NO_TOKEN, R_END, R_START, ROUGH_STRIDE } = layout;
const { T_BINDING, T_LENGTH, T_OFFSET, T_PREFIX, TOKEN_STRIDE } = layout;

const XMLNS = Buffer.from(' xmlns');

/**
 * Writes canonical forms. Walks the elements in document order and copies the source in slices as long as it is
 * canonical already; only start tags and stretches of content that are not are written anew.
 */
export class CanonicalWriter {
  readonly #index: XmlIndex;
  readonly #output: CanonicalOutput;
  readonly #options: CanonicalizeOptions;
  readonly #namespaces: RenderedNamespaces;
  /** Start of the source bytes that are to be copied next. */
  #runStart = 0;
  #roughRow = 0;

  constructor(index: XmlIndex, options: CanonicalizeOptions, output: CanonicalOutput) {
    this.#index = index;
    this.#output = output;
    this.#options = options;
    this.#namespaces = new RenderedNamespaces(index, options);
  }

  /**
   * Writes an element and its descendants.
   * @throws {C14nError} if a namespace name is relative
   */
  writeElement(apex: number): void {
    this.#namespaces.refuseRelativeBelow(apex);
    try {
      this.#walk(apex);
    } finally {
      this.#namespaces.clear();
    }
  }

  #walk(apex: number): void {
    const { elements, tokens } = this.#index.tables;
    const namespaces = this.#namespaces;
    const last = elements[apex * ELEMENT_STRIDE + E_SUBTREE_END];
    const end = elements[apex * ELEMENT_STRIDE + E_END];
    const special = this.#specialElements(apex);
    let nextSpecial = 0;
    // Elements with the first of these flags only are copied, once the namespace of their name is rendered.
    const prefixed = this.#options.mode === 'exclusive' ? F_HAS_PREFIXED_ATTRIBUTES : 0;
    const mask = F_CANONICAL_TAG | F_EMPTY_TAG | F_HAS_DECLARATIONS | prefixed;
    this.#runStart = elements[apex * ELEMENT_STRIDE + E_START];
    this.#roughRow = this.#firstRough(this.#runStart);
    let nextRough = this.#roughStart();
    this.#writeStart(apex, true);
    for (let element = apex + 1; element < last; element++) {
      const row = element * ELEMENT_STRIDE;
      const start = elements[row + E_START];
      if (nextRough < start) nextRough = this.#writeRough(start);
      if (namespaces.scopeEnd <= element) namespaces.leave(element);
      if (element === special[nextSpecial]) {
        nextSpecial++;
        if (element === this.#options.omitted) {
          element = this.#omit(element) - 1;
          nextRough = this.#roughStart();
          continue;
        }
        if (this.#index.included?.has(element)) {
          this.#writeIncluded(element);
          continue;
        }
      } else if ((elements[row + E_FLAGS] & mask) === F_CANONICAL_TAG) {
        const rows = tokens.rows;
        const prefix = rows[elements[row + E_NAME] * TOKEN_STRIDE + T_PREFIX];
        if (rows[prefix * TOKEN_STRIDE + T_BINDING] === elements[row + E_URI]) continue;
      }
      this.#writeStart(element, false);
    }
    if (nextRough < end) this.#writeRough(end);
    this.#output.copy(this.#runStart, end);
  }

  /** Elements below the apex that must not be copied as they are, whatever their flags say, in document order. */
  #specialElements(apex: number): number[] {
    const { added, omitted } = this.#options;
    const { included } = this.#index;
    if (added === undefined && included === undefined) return omitted === undefined ? [] : [omitted];
    const omittedEnd = omitted === undefined ? 0 : this.#index.subtreeEnd(omitted);
    const special = [...(added?.keys() ?? []), ...(included?.keys() ?? [])].filter(
      (element) => element > apex && !(omitted !== undefined && element >= omitted && element < omittedEnd),
    );
    if (omitted !== undefined) special.push(omitted);
    return special.sort((a, b) => a - b);
  }

  /** Goes on behind an element; returns the next one. */
  #omit(element: number): number {
    const { elements } = this.#index.tables;
    const row = element * ELEMENT_STRIDE;
    this.#output.copy(this.#runStart, elements[row + E_START]);
    this.#runStart = elements[row + E_END];
    this.#roughRow = this.#firstRough(this.#runStart);
    return elements[row + E_SUBTREE_END];
  }

  /** Writes what an element stands for in its place. */
  #writeIncluded(element: number): void {
    this.#output.copy(this.#runStart, this.#index.start(element));
    this.#output.writeBase64(this.#index.included?.get(element) ?? Buffer.alloc(0));
    this.#runStart = this.#index.end(element);
  }

  /** First row of the table of rough stretches at or after `offset`. */
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

  /** Start of the next rough stretch. */
  #roughStart(): number {
    const { rough, roughCount } = this.#index.tables;
    return this.#roughRow < roughCount ? rough[this.#roughRow * ROUGH_STRIDE + R_START] : Infinity;
  }

  /** Writes all rough stretches before `limit`; returns the start of the next. */
  #writeRough(limit: number): number {
    const { bytes, rough } = this.#index.tables;
    let start = this.#roughStart();
    while (start < limit) {
      const end = rough[this.#roughRow++ * ROUGH_STRIDE + R_END];
      this.#output.copy(this.#runStart, start);
      if (end >= 0) writeContent(this.#output, bytes, start, end, this.#options.comments);
      this.#runStart = end >= 0 ? end : ~end;
      start = this.#roughStart();
    }
    return start;
  }

  #writeStart(element: number, apex: boolean): void {
    const { elements, tokens } = this.#index.tables;
    const row = element * ELEMENT_STRIDE;
    const flags = elements[row + E_FLAGS];
    const { pending } = this.#namespaces;
    this.#namespaces.enter(element, apex);
    // STR-Transform (WSS 1.1 §8.3); sorted, the default namespace is always the first.
    if (apex && this.#options.augmentDefaultNamespace === true && pending[0] !== NO_TOKEN) pending.unshift(NO_TOKEN);
    const virtual = this.#virtualAttributes(element, apex);
    const output = this.#output;
    const start = elements[row + E_START];
    const nameEnd = start + 1 + tokens.rows[elements[row + E_NAME] * TOKEN_STRIDE + T_LENGTH];
    const contentStart = elements[row + E_CONTENT_START];
    if ((flags & F_CANONICAL_TAG) !== 0 && virtual === undefined && this.#namespaces.areDeclared(element)) {
      if ((flags & F_EMPTY_TAG) === 0) return;
      output.copy(this.#runStart, contentStart - 2);
    } else {
      output.copy(this.#runStart, nameEnd);
      for (const prefix of pending) this.#writeDeclaration(prefix);
      if (virtual === undefined) writeAttributes(output, this.#index, element);
      else writeAttributesWith(output, this.#index, element, virtual);
    }
    output.byte(GT);
    this.#runStart = contentStart;
    if ((flags & F_EMPTY_TAG) === 0) return;
    output.byte(LT);
    output.byte(SLASH);
    output.copy(start + 1, nameEnd);
    output.byte(GT);
  }

  /** The added identifier, and at the apex what the inclusive modes import; undefined if there is nothing. */
  #virtualAttributes(element: number, apex: boolean): VirtualAttribute[] | undefined {
    const added = this.#options.added?.get(element);
    const { mode } = this.#options;
    if (added === undefined && (!apex || mode === 'exclusive')) return undefined;
    const virtual = apex && mode !== 'exclusive' ? inheritedAttributes(this.#index, element, mode) : [];
    if (added !== undefined) virtual.push(addedAttribute(this.#index, added));
    return virtual.length > 0 ? virtual : undefined;
  }

  #writeDeclaration(prefix: number): void {
    const { bytes, tokens } = this.#index.tables;
    const output = this.#output;
    output.write(XMLNS);
    if (prefix !== NO_TOKEN) {
      output.byte(COLON);
      output.write(tokens.bytesOf(prefix));
    }
    output.byte(EQUALS);
    output.byte(QUOTE);
    const uri = this.#namespaces.bindingOf(prefix);
    const offset = tokens.rows[uri * TOKEN_STRIDE + T_OFFSET];
    if (offset < 0) output.write(Buffer.from(escapeAttribute(tokens.bytesOf(uri).toString())));
    else writeValue(output, bytes, offset, offset + tokens.rows[uri * TOKEN_STRIDE + T_LENGTH]);
    output.byte(QUOTE);
  }
}
