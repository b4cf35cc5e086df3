/** The parts of a multipart message beside the one with the envelope (SOAP with Attachments, MTOM). */

import { contentIdKey, keyOfCid } from '../../mime/content-id.ts';
import type { MimePart } from '../../mime/part.ts';

/** Attachments by their position, which stays theirs while decryption changes what they hold. */
export class Attachments {
  readonly #parts: MimePart[];
  readonly #positions: ReadonlyMap<string, number>;
  readonly #included: Set<number>;

  /** @param parts no two of one Content-ID */
  constructor(parts: readonly MimePart[], included: Iterable<number> = []) {
    this.#parts = [...parts];
    this.#included = new Set(included);
    this.#positions = new Map(
      parts.flatMap(({ contentId }, position) =>
        contentId === undefined ? [] : [[contentIdKey(contentId), position] as const],
      ),
    );
  }

  get parts(): readonly MimePart[] {
    return this.#parts;
  }

  /** Positions that an xop:Include has named: then, or before what held it was decrypted or encrypted. */
  get included(): ReadonlySet<number> {
    return this.#included;
  }

  /** Position of the part that a URL names; undefined where it names none of this message: nothing is ever fetched. */
  find(url: string): number | undefined {
    const key = keyOfCid(url);
    return key === undefined ? undefined : this.#positions.get(key);
  }

  /** Puts another part in the place of one. */
  replace(position: number, part: MimePart): void {
    this.#parts[position] = part;
  }

  markIncluded(position: number): void {
    this.#included.add(position);
  }

  /** The same attachments, of which the parts can be replaced without changing these. */
  copy(): Attachments {
    return new Attachments(this.#parts, this.#included);
  }
}
