/** Work on four bytes at a time. */

/**
 * Marks the bytes of a word that text cannot just go over: control characters (all below U+0020), `&`, `<` and `>`.
 * The lowest mark is exact; bytes above it may be marked for no reason.
 */
export function specialBytes(word: number): number {
  const angle = (word | 0x02020202) ^ 0x3e3e3e3e;
  const ampersand = word ^ 0x26262626;
  return (
    (((word - 0x20202020) & ~word) | ((angle - 0x01010101) & ~angle) | ((ampersand - 0x01010101) & ~ampersand)) &
    0x80808080
  );
}

/** Bytes before the lowest mark of {@link specialBytes}. */
export function bytesBefore(marks: number): number {
  return (31 - Math.clz32(marks & -marks)) >> 3;
}

/** Whether the `length` bytes from `a` and from `b` are the same. */
export function sameBytes(view: DataView, a: number, b: number, length: number): boolean {
  if (length < 4) {
    for (let i = 0; i < length; i++) if (view.getUint8(a + i) !== view.getUint8(b + i)) return false;
    return true;
  }
  const last = length - 4;
  for (let i = 0; i < last; i += 4) if (view.getInt32(a + i) !== view.getInt32(b + i)) return false;
  return view.getInt32(a + last) === view.getInt32(b + last);
}

/** Copies `length` bytes. */
export function copyWords(from: DataView, start: number, to: DataView, at: number, length: number): void {
  const last = length - 4;
  let i = 0;
  for (; i <= last; i += 4) to.setInt32(at + i, from.getInt32(start + i));
  for (; i < length; i++) to.setUint8(at + i, from.getUint8(start + i));
}
