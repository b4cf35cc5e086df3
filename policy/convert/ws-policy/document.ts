/** XML documents that are read: WSDLs and policies, with places that a person can find. */

import { XmlError } from '../../../extproc/xml/errors.ts';
import { DEFAULT_LIMITS, type XmlLimits } from '../../../extproc/xml/limits.ts';
import { scan } from '../../../extproc/xml/scan.ts';
import type { XmlIndex } from '../../../extproc/xml/xml-index.ts';
import { ConversionError, type Place } from '../finding.ts';

/** More than any WSDL needs; the depth also bounds how deeply the functions that read it call themselves. */
const LIMITS: XmlLimits = { ...DEFAULT_LIMITS, maxBytes: 8 * 1024 * 1024, maxDepth: 64, maxElements: 100_000 };
const LINE_FEED = 10;

/** A document that was given, and where things stand in it. */
export class XmlDocument {
  /** As it was given. */
  readonly file: string;
  readonly index: XmlIndex;
  #lines: number[] | undefined;

  /** @throws {ConversionError} if it is no XML that is accepted: UTF-8, without a document type declaration, within the limits */
  constructor(file: string, bytes: Buffer) {
    this.file = file;
    try {
      this.index = scan(bytes, { limits: LIMITS });
    } catch (error) {
      if (!(error instanceof XmlError)) throw error;
      const { line, column } = this.#position(bytes, error.offset);
      const problem = error.message.replace(/ at byte \d+$/, '');
      throw new ConversionError(`${file}:${line}:${column}: cannot be read: ${problem} (${error.code})`, {
        cause: error,
      });
    }
  }

  /** Of the start tag of an element. */
  place(element: number): Place {
    return { file: this.file, ...this.#position(this.index.bytes, this.index.start(element)) };
  }

  /** @returns line and column, in characters, from 1 */
  #position(bytes: Buffer, offset: number): { line: number; column: number } {
    const lines = (this.#lines ??= lineStarts(bytes));
    let [low, high] = [0, lines.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((lines[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    const start = lines[low] ?? 0;
    return { line: low + 1, column: bytes.toString('utf8', start, Math.min(offset, start + 4096)).length + 1 };
  }
}

function lineStarts(bytes: Buffer): number[] {
  const starts = [0];
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) starts.push(at + 1);
  return starts;
}
