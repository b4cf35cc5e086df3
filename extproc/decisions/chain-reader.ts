/** Follows the chain of a decision log line by line and says where it is broken. */

import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import { parseLine, type ChainEnd, type ParsedLine } from './line.ts';
import type { RawLine } from './read-lines.ts';

export interface ChainProblem {
  /** From 1. */
  readonly line: number;
  /**
   * `altered`: the line is not as it was written. `removed`: lines before it are missing. `inserted`: it stands where it does
   * not belong. `cut`: its end is missing. `forged`: a checkpoint that is not genuine. `abandoned`: the chain begins anew.
   */
  readonly kind: 'altered' | 'removed' | 'inserted' | 'cut' | 'forged' | 'abandoned';
  readonly message: string;
}

/** A line that is none, until the next one tells whether its writer was stopped in the middle of it. */
interface Unread {
  readonly line: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly ended: boolean;
}

export class ChainReader {
  /** What the next line has to follow; a hash of undefined: any. */
  #expected: { readonly seq: number; readonly hash: string | undefined } | undefined;
  #end: ChainEnd | undefined;
  #unread: Unread | undefined;
  #line = 0;
  #unended = false;

  /** @param before what the first line has to follow; undefined: it is not known */
  constructor(before?: ChainEnd) {
    this.#expected = before;
  }

  /** Number of the line that was read last. */
  get line(): number {
    return this.#line;
  }

  /** Of the last line that is one. */
  get end(): ChainEnd | undefined {
    return this.#end;
  }

  /** The last line lacks its line end, and nothing else. */
  get unended(): boolean {
    return this.#unended;
  }

  /** The last line, where it is none and has no line end. */
  get torn(): { readonly bytes: number; readonly sha256: string } | undefined {
    return this.#unread?.ended === false ? { bytes: this.#unread.bytes, sha256: this.#unread.sha256 } : undefined;
  }

  /** @returns what the line says if it is one, and what is wrong with it or with those before it */
  read({ bytes, ended }: RawLine): { readonly parsed?: ParsedLine; readonly problems: readonly ChainProblem[] } {
    this.#line++;
    const text = bytes.toString();
    // Octets that are no UTF-8 would read like others that are.
    const parsed = isUtf8(bytes) ? parseLine(text) : undefined;
    const problems = this.#settleUnread(parsed);
    if (parsed === undefined) {
      this.#unread = { line: this.#line, bytes: bytes.length, sha256: hash('sha256', bytes), ended };
      return { problems };
    }
    this.#unended = !ended;
    problems.push(...this.#follow(parsed));
    this.#end = parsed.end;
    return { parsed, problems };
  }

  /** After the last line. */
  finish(): ChainProblem[] {
    const cut = this.#unended ? this.#line : this.#unread?.ended === false ? this.#unread.line : undefined;
    if (cut === undefined) return this.#settleUnread(undefined);
    return [problem(cut, 'cut', 'its end is missing: its writer was stopped, or it was cut off')];
  }

  #settleUnread(next: ParsedLine | undefined): ChainProblem[] {
    const unread = this.#unread;
    if (unread === undefined) return [];
    this.#unread = undefined;
    const record = next?.intact === true ? next.record : undefined;
    if (record?.type === 'resume' && record.torn?.sha256 === unread.sha256 && record.torn.bytes === unread.bytes)
      return [];
    if (this.#expected) this.#expected = { seq: this.#expected.seq + 1, hash: undefined };
    return [problem(unread.line, 'altered', 'it is no line of a decision log')];
  }

  #follow({ end, prev, intact }: ParsedLine): ChainProblem[] {
    const expected = this.#expected;
    const line = this.#line;
    if (!intact) {
      // What it says of itself is the best guess at what it was.
      this.#expected = expected && { seq: expected.seq + 1, hash: end.hash };
      return [problem(line, 'altered', 'its hash is not that of what it holds')];
    }
    if (expected !== undefined && end.seq <= expected.seq) {
      const message = `its number ${end.seq} does not follow ${expected.seq}: it, or the line before it, was inserted or moved`;
      return [problem(line, 'inserted', message)];
    }
    this.#expected = end;
    if (expected === undefined) return [];
    const missing = end.seq - expected.seq - 1;
    if (missing > 0) {
      const numbers = missing === 1 ? String(end.seq - 1) : `${expected.seq + 1} to ${end.seq - 1}`;
      return [problem(line, 'removed', `${missing} before it are missing: number ${numbers}`)];
    }
    if (expected.hash === undefined || expected.hash === prev) return [];
    return [problem(line, 'altered', 'it does not follow the line before it: one of them is another than was written')];
  }
}

function problem(line: number, kind: ChainProblem['kind'], message: string): ChainProblem {
  return { line, kind, message };
}
