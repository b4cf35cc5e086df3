/** What a conversion has to say: what it could not express, what it chose, and what is left for a person to do. */

import type { FieldPath } from '../load.ts';

/**
 * A word for machines. Of `error`s: `NotExpressible`, `UnknownAssertion` (or field, or value), `Unread` (a document that was not given),
 * `Invalid` (the result contradicts itself). Of `note`s: `Elsewhere` (Envoy, its TLS or the backend must do it), `Chosen` (one of several
 * that would do), `Stricter` (more is demanded than was), `Weak` (allowed but weak), `NotChecked` (a matter of form that is not looked at),
 * `NoCounterpart` (a setting that nothing here needs).
 */
export type FindingCode =
  | 'NotExpressible'
  | 'UnknownAssertion'
  | 'Unread'
  | 'Invalid'
  | 'Elsewhere'
  | 'Chosen'
  | 'Stricter'
  | 'Weak'
  | 'NotChecked'
  | 'NoCounterpart';

/** Where something stands in what was read. */
export interface Place {
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  /** From 1. */
  readonly column?: number;
}

export interface Finding extends Place {
  /** An `error` means that the result demands or does less than what it was made from. */
  readonly severity: 'error' | 'note';
  readonly code: FindingCode;
  /** What it speaks of: an assertion such as `sp:EncryptSignature`, a key or a field. */
  readonly subject: string;
  /** What became of it, and what to do. Never holds a secret. */
  readonly message: string;
  /** Where in the result a comment says so too; absent: at its top. */
  readonly at?: FieldPath;
}

/** One line: `file:line:column: severity: code: subject: message`. */
export function formatFinding({ file, line, column, severity, code, subject, message }: Finding): string {
  const place = [file, line, column].filter((item) => item !== undefined).join(':');
  return [place, severity, code, printable(subject), printable(message)].filter((item) => item !== '').join(': ');
}

/** What was read shall not steer a terminal, nor end a comment. */
export function printable(text: string): string {
  const plain = text.replace(/[\p{Cc}\u2028\u2029]/gu, '?');
  return plain.length > MAX_LENGTH ? `${plain.slice(0, MAX_LENGTH)}…` : plain;
}

const MAX_LENGTH = 600;

/** Collects findings; the same one twice counts once. */
export class Findings {
  readonly all: Finding[] = [];
  readonly #seen = new Set<string>();

  error(code: FindingCode, subject: string, place: Place, message: string, at?: FieldPath): void {
    this.#add({ severity: 'error', code, subject, ...placeOf(place), message, ...(at && { at }) });
  }

  note(code: FindingCode, subject: string, place: Place, message: string, at?: FieldPath): void {
    this.#add({ severity: 'note', code, subject, ...placeOf(place), message, ...(at && { at }) });
  }

  /** Takes over what was found elsewhere. */
  add(findings: readonly Finding[]): void {
    for (const finding of findings) this.#add(finding);
  }

  #add(finding: Finding): void {
    const key = formatFinding(finding);
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.all.push(finding);
  }
}

function placeOf({ file, line, column }: Place): Place {
  return { ...(file !== undefined && { file }), ...(line !== undefined && { line, column }) };
}

/** A finding about the same in something else: without the place in the result. */
export function detached({ severity, code, subject, message, file, line, column }: Finding): Finding {
  return { severity, code, subject, message, ...placeOf({ file, line, column }) };
}

/** The input is not what it was said to be, or cannot be read; the text says why. */
export class ConversionError extends Error {
  readonly code = 'ERR_CONVERSION';

  override get name(): string {
    return 'ConversionError';
  }
}
