import {
  ATTRIBUTE_STRIDE,
  DECLARATION_STRIDE,
  E_ATTRIBUTES,
  E_CONTENT_START,
  E_DECLARATIONS,
  E_FLAGS,
  E_NAME,
  E_PARENT,
  E_START,
  E_URI,
  ELEMENT_STRIDE,
  R_END,
  R_START,
  ROUGH_STRIDE,
} from './layout.ts';
import type { XmlLimits } from './limits.ts';
import { TokenTable } from './token-table.ts';

/** Doubles a table until `length` fits, keeping its rows. */
export function grow(table: Int32Array, length: number): Int32Array<ArrayBuffer> {
  let size = table.length * 2;
  while (size < length) size *= 2;
  const grown = new Int32Array(size);
  grown.set(table);
  return grown;
}

/** What the parts of the scanner share while they fill the tables of an index. */
export class ScanTables {
  readonly bytes: Buffer;
  readonly limits: XmlLimits;
  readonly tokens: TokenTable;
  elements: Int32Array<ArrayBuffer>;
  elementCount = 0;
  attributes = new Int32Array(16 * ATTRIBUTE_STRIDE);
  attributeCount = 0;
  declarations = new Int32Array(8 * DECLARATION_STRIDE);
  declarationCount = 0;
  rough = new Int32Array(8 * ROUGH_STRIDE);
  roughCount = 0;
  /** Rows of the attributes whose local name is that of an identifier, each followed by its element. */
  readonly ids: number[] = [];
  /** Element whose content is being scanned; -1 outside the root. */
  current = -1;
  depth = 0;
  /** The stretch of rough content since the last tag; -1 if there is none. */
  roughStart = -1;
  roughEnd = -1;

  constructor(bytes: Buffer, limits: XmlLimits) {
    this.bytes = bytes;
    this.limits = limits;
    this.tokens = new TokenTable(bytes);
    this.elements = new Int32Array(Math.max(16, bytes.length >> 7) * ELEMENT_STRIDE);
  }

  /** Adds the row of an element below `current`; what is not known yet is left as it is. */
  addElement(start: number, name: number): number {
    const element = this.elementCount++;
    const row = element * ELEMENT_STRIDE;
    if (row + ELEMENT_STRIDE > this.elements.length) this.elements = grow(this.elements, row + ELEMENT_STRIDE);
    const elements = this.elements;
    elements[row + E_START] = start;
    elements[row + E_NAME] = name;
    elements[row + E_URI] = 0;
    elements[row + E_CONTENT_START] = start;
    elements[row + E_PARENT] = this.current;
    elements[row + E_ATTRIBUTES] = this.attributeCount;
    elements[row + E_DECLARATIONS] = this.declarationCount;
    elements[row + E_FLAGS] = 0;
    return element;
  }

  /** Room for one more attribute; offset of its row. */
  nextAttribute(): number {
    const row = this.attributeCount++ * ATTRIBUTE_STRIDE;
    if (row + ATTRIBUTE_STRIDE > this.attributes.length)
      this.attributes = grow(this.attributes, row + ATTRIBUTE_STRIDE);
    return row;
  }

  /** Room for one more namespace declaration; offset of its row. */
  nextDeclaration(): number {
    const row = this.declarationCount++ * DECLARATION_STRIDE;
    if (row + DECLARATION_STRIDE > this.declarations.length) {
      this.declarations = grow(this.declarations, row + DECLARATION_STRIDE);
    }
    return row;
  }

  /** Marks content that Canonical XML does not copy as it is. */
  markRough(start: number, end: number): void {
    if (this.roughStart < 0) this.roughStart = start;
    this.roughEnd = end;
  }

  /** Ends the stretch of content before a tag. */
  flushRough(): void {
    if (this.roughStart < 0) return;
    this.addRough(this.roughStart, this.roughEnd);
    this.roughStart = -1;
  }

  addRough(start: number, end: number): void {
    const row = this.roughCount++ * ROUGH_STRIDE;
    if (row + ROUGH_STRIDE > this.rough.length) this.rough = grow(this.rough, row + ROUGH_STRIDE);
    this.rough[row + R_START] = start;
    this.rough[row + R_END] = end;
  }

  /** Sets flags of the element whose content is being scanned. */
  flagCurrent(flags: number): void {
    const at = this.current * ELEMENT_STRIDE + E_FLAGS;
    this.elements[at] = this.elements[at] | flags;
  }
}
