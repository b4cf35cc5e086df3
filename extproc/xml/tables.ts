import { XmlLimitError } from './errors.ts';
import * as layout from './layout.ts';
import type { XmlLimits } from './limits.ts';
import { TokenTable } from './token-table.ts';

const { ATTRIBUTE_STRIDE, DECLARATION_STRIDE, ELEMENT_STRIDE, R_END, R_START, ROUGH_STRIDE, TOKEN_STRIDE } = layout;
const { E_ATTRIBUTES, E_DECLARATIONS, E_FLAGS, E_NAME, E_PARENT, E_START } = layout;

/** Tables longer than this are not kept for the next document. */
const MAX_SPARE = 1024 * 1024;

interface Room {
  elements: Int32Array;
  attributes: Int32Array;
  declarations: Int32Array;
  rough: Int32Array;
  tokens: Int32Array;
}

/**
 * Room that no document uses at the moment. Taken by the constructor, given back by `compact`, which moves what it
 * keeps to arrays of its own; a document that is refused half way does not give it back.
 */
let spare: Room | undefined;

function newRoom(): Room {
  return {
    elements: new Int32Array(64 * ELEMENT_STRIDE),
    attributes: new Int32Array(32 * ATTRIBUTE_STRIDE),
    declarations: new Int32Array(16 * DECLARATION_STRIDE),
    rough: new Int32Array(32 * ROUGH_STRIDE),
    tokens: new Int32Array(128 * TOKEN_STRIDE),
  };
}

/** Most that a table grows to, in times its length. */
const MAX_GROWTH = 8;

/** What the parts of the scanner share while they fill the tables of an index. */
export class ScanTables {
  readonly bytes: Buffer;
  /** Of the same bytes. */
  readonly view: DataView;
  readonly limits: XmlLimits;
  readonly tokens: TokenTable;
  elements: Int32Array;
  elementCount = 0;
  attributes: Int32Array;
  attributeCount = 0;
  /** What `attributeCount` may come to in the start tag at hand. */
  attributeLimit = 0;
  declarations: Int32Array;
  declarationCount = 0;
  /** What `declarationCount` may come to in the start tag at hand. */
  declarationLimit = 0;
  rough: Int32Array;
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
    const room = spare ?? newRoom();
    spare = undefined;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.limits = limits;
    this.tokens = new TokenTable(bytes, this.view, room.tokens);
    this.elements = room.elements;
    this.attributes = room.attributes;
    this.declarations = room.declarations;
    this.rough = room.rough;
  }

  /** Scanning is over: keeps no more room than the rows need, and gives the rest back. */
  compact(): void {
    const room: Room = {
      elements: this.elements,
      attributes: this.attributes,
      declarations: this.declarations,
      rough: this.rough,
      tokens: this.tokens.rows,
    };
    if (Math.max(room.elements.length, room.attributes.length, room.declarations.length) > MAX_SPARE) return;
    if (Math.max(room.rough.length, room.tokens.length) > MAX_SPARE) return;
    const sizes = [
      this.elementCount * ELEMENT_STRIDE,
      this.attributeCount * ATTRIBUTE_STRIDE,
      this.declarationCount * DECLARATION_STRIDE,
      this.roughCount * ROUGH_STRIDE,
      this.tokens.count * TOKEN_STRIDE,
    ];
    // Every byte of it is written below; not to clear it first is what allocUnsafe is for.
    const block = new Int32Array(
      Buffer.allocUnsafeSlow((sizes[0] + sizes[1] + sizes[2] + sizes[3] + sizes[4]) * Int32Array.BYTES_PER_ELEMENT)
        .buffer,
    );
    let used = 0;
    const move = (table: Int32Array, size: number) => {
      const moved = block.subarray(used, used + size);
      moved.set(table.subarray(0, size));
      used += size;
      return moved;
    };
    this.elements = move(room.elements, sizes[0]);
    this.attributes = move(room.attributes, sizes[1]);
    this.declarations = move(room.declarations, sizes[2]);
    this.rough = move(room.rough, sizes[3]);
    this.tokens.compact(move(room.tokens, sizes[4]));
    spare = room;
  }

  /** A longer table with the same rows, long enough if the document goes on like what lies before `offset`. */
  #grow(table: Int32Array, offset: number): Int32Array {
    const factor = Math.ceil((1.1 * this.bytes.length) / (offset + 1));
    const grown = new Int32Array(table.length * Math.min(Math.max(factor, 2), MAX_GROWTH));
    grown.set(table);
    return grown;
  }

  /** Adds the row of an element below `current`; what is known at the end of its start tag is left as it is. */
  addElement(start: number, name: number): number {
    const { maxAttributes, maxElements, maxNamespaces } = this.limits;
    const element = this.elementCount++;
    if (element >= maxElements) throw new XmlLimitError('Too many elements', start);
    this.attributeLimit = this.attributeCount + maxAttributes;
    this.declarationLimit = this.declarationCount + maxNamespaces;
    const row = element * ELEMENT_STRIDE;
    if (row + ELEMENT_STRIDE > this.elements.length) this.elements = this.#grow(this.elements, start);
    const elements = this.elements;
    elements[row + E_START] = start;
    elements[row + E_NAME] = name;
    elements[row + E_PARENT] = this.current;
    elements[row + E_ATTRIBUTES] = this.attributeCount;
    elements[row + E_DECLARATIONS] = this.declarationCount;
    return element;
  }

  /** Room for one more attribute, which begins at `start`; offset of its row. */
  nextAttribute(start: number): number {
    const row = this.attributeCount++ * ATTRIBUTE_STRIDE;
    if (row + ATTRIBUTE_STRIDE > this.attributes.length) this.attributes = this.#grow(this.attributes, start);
    return row;
  }

  /** Room for one more namespace declaration, which begins at `start`; offset of its row. */
  nextDeclaration(start: number): number {
    const row = this.declarationCount++ * DECLARATION_STRIDE;
    if (row + DECLARATION_STRIDE > this.declarations.length) this.declarations = this.#grow(this.declarations, start);
    return row;
  }

  /** Marks content that Canonical XML does not copy as it is. */
  markRough(start: number, end: number): void {
    if (this.roughStart < 0) this.roughStart = start;
    this.roughEnd = end;
  }

  /** Ends the stretch of content before a tag. */
  flushRough(): void {
    this.addRough(this.roughStart, this.roughEnd);
    this.roughStart = -1;
  }

  addRough(start: number, end: number): void {
    const row = this.roughCount++ * ROUGH_STRIDE;
    if (row + ROUGH_STRIDE > this.rough.length) this.rough = this.#grow(this.rough, start);
    this.rough[row + R_START] = start;
    this.rough[row + R_END] = end;
  }

  /** Sets flags of the element whose content is being scanned. */
  flagCurrent(flags: number): void {
    this.elements[this.current * ELEMENT_STRIDE + E_FLAGS] |= flags;
  }
}
