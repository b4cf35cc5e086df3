interface Edit {
  readonly start: number;
  readonly end: number;
  readonly content: Buffer;
  /** Order of insertions at one offset. */
  readonly order: number;
}

/** Two edits claim the same bytes: a fault of the program, never of the message. */
export class OverlappingEditError extends Error {
  readonly code = 'ERR_OVERLAPPING_EDIT';
  override get name(): string {
    return 'OverlappingEditError';
  }
}

/**
 * Edits of a document by byte offset. Offsets are always those of the original; bytes outside the edits come out as
 * they went in, and nothing is copied before {@link SpliceEditor.toBuffer}.
 */
export class SpliceEditor {
  readonly #bytes: Buffer;
  /** Sorted by start, then insertions in the order they came before a replacement at the same offset. */
  readonly #edits: Edit[] = [];
  #order = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Inserts before the byte at `offset`; several insertions at one offset keep the order they were made in. */
  insert(offset: number, content: Buffer | string): void {
    this.#add(offset, offset, content);
  }

  /**
   * Replaces the bytes from `start` to `end`. Earlier edits inside, insertions at `start` and `end` excepted, are gone.
   * @throws {OverlappingEditError} if an earlier edit is partly inside
   */
  replace(start: number, end: number, content: Buffer | string): void {
    this.#add(start, end, content);
  }

  /** Removes the bytes from `start` to `end`; otherwise as {@link SpliceEditor.replace}. */
  remove(start: number, end: number): void {
    this.#add(start, end, '');
  }

  /**
   * The bytes from `start` to `end` with the edits inside applied, insertions at both ends excluded. Without edits
   * inside, it is a view of the original.
   * @throws {OverlappingEditError} if an edit is partly inside
   */
  slice(start: number, end: number): Buffer {
    checkRange(start, end, this.#bytes.length);
    const inside: Edit[] = [];
    for (const edit of this.#edits) {
      if (isInside(edit, start, end)) inside.push(edit);
      else if (overlaps(edit, start, end)) throw new OverlappingEditError('An edit is partly inside the range');
    }
    if (inside.length === 0) return this.#bytes.subarray(start, end);
    return apply(this.#bytes, start, end, inside);
  }

  /** The document with all edits applied; the original itself if there are none. */
  toBuffer(): Buffer {
    if (this.#edits.length === 0) return this.#bytes;
    return apply(this.#bytes, 0, this.#bytes.length, this.#edits);
  }

  #add(start: number, end: number, content: Buffer | string): void {
    checkRange(start, end, this.#bytes.length);
    const edit = {
      start,
      end,
      content: typeof content === 'string' ? Buffer.from(content) : content,
      order: this.#order++,
    };
    const edits = this.#edits;
    const first = firstEndingFrom(edits, start);
    let place = first;
    let swallowed = 0;
    for (let i = first; i < edits.length && edits[i].start <= end; i++) {
      const earlier = edits[i];
      if (start < end && isInside(earlier, start, end)) swallowed++;
      else if (overlaps(earlier, start, end)) throw new OverlappingEditError('Two edits overlap');
      else if (compareEdits(earlier, edit) < 0) place = i + 1;
    }
    // What is inside follows what is to stay before, and comes before what is to stay behind.
    edits.splice(place, swallowed, edit);
  }
}

function compareEdits(a: Edit, b: Edit): number {
  return a.start - b.start || a.end - b.end || a.order - b.order;
}

/** First of the edits, which are in order and do not overlap, that ends at `offset` or after. */
function firstEndingFrom(edits: readonly Edit[], offset: number): number {
  let low = 0;
  let high = edits.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edits[middle].end < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** An insertion exactly at either end is beside the range, not in it. */
function isInside(edit: Edit, start: number, end: number): boolean {
  if (edit.start === edit.end) return edit.start > start && edit.start < end;
  return edit.start >= start && edit.end <= end;
}

function overlaps(edit: Edit, start: number, end: number): boolean {
  return edit.start < end && start < edit.end;
}

function checkRange(start: number, end: number, length: number): void {
  if (!(start >= 0 && start <= end && end <= length)) throw new RangeError(`No such range: ${start} to ${end}`);
}

function apply(bytes: Buffer, start: number, end: number, edits: readonly Edit[]): Buffer {
  let length = end - start;
  for (const edit of edits) length += edit.content.length - (edit.end - edit.start);
  const result = Buffer.allocUnsafe(length);
  let from = start;
  let to = 0;
  for (const edit of edits) {
    to += bytes.copy(result, to, from, edit.start);
    to += edit.content.copy(result, to);
    from = edit.end;
  }
  bytes.copy(result, to, from, end);
  return result;
}
