/** An object of JSON whose fields are taken one by one, so that those which nobody took can be named. */

import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type YAMLMap } from 'yaml';
import { ConversionError, type Findings, type Place } from '../finding.ts';

const MAX_DEPTH = 32;

/** @throws {ConversionError} if it is no JSON, or nested too deeply */
export function parseJson(file: string, text: string): JsonValue {
  if (depthOf(text) > MAX_DEPTH) throw new ConversionError(`${file}: nested more than ${MAX_DEPTH} deep`);
  try {
    JSON.parse(text);
  } catch (error) {
    // The message may quote the text, in which passwords are.
    const offset = /position (\d+)/.exec((error as Error).message)?.[1];
    const line = offset === undefined ? undefined : text.slice(0, Number(offset)).split('\n').length;
    throw new ConversionError(`${file}${line === undefined ? '' : `:${line}`}: this is no JSON`);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'silent',
    uniqueKeys: false,
  });
  return new JsonValue(document.contents, { file, lines });
}

/** Brackets outside strings. */
function depthOf(text: string): number {
  let [depth, deepest, inString] = [0, 0, false];
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (inString) {
      if (character === '\\') i++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') deepest = Math.max(deepest, ++depth);
    else if (character === '}' || character === ']') depth--;
  }
  return deepest;
}

interface Source {
  readonly file: string;
  readonly lines: LineCounter;
}

export class JsonValue {
  readonly #node: unknown;
  readonly #source: Source;

  constructor(node: unknown, source: Source) {
    this.#node = node;
    this.#source = source;
  }

  get place(): Place {
    const offset = (this.#node as Node | null)?.range?.[0];
    if (offset === undefined) return { file: this.#source.file };
    const { line, col } = this.#source.lines.linePos(offset);
    return { file: this.#source.file, line, column: col };
  }

  /** A text, number or boolean as a text; undefined for null and for what is none of these. */
  get text(): string | undefined {
    const value: unknown = isScalar(this.#node) ? this.#node.value : undefined;
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : undefined;
  }

  /** Items of a list; one value counts as a list of itself. */
  get items(): JsonValue[] {
    if (isSeq(this.#node)) return this.#node.items.map((item) => new JsonValue(item, this.#source));
    return this.isEmpty ? [] : [this];
  }

  get object(): Fields | undefined {
    return isMap(this.#node) ? new Fields(this.#node, this.#source) : undefined;
  }

  /** null, an empty text, list or object. */
  get isEmpty(): boolean {
    if (this.#node === null || this.#node === undefined) return true;
    if (isSeq(this.#node) || isMap(this.#node)) return this.#node.items.length === 0;
    const text = this.text;
    return text === undefined || text.trim() === '';
  }
}

export class Fields {
  readonly #values = new Map<string, JsonValue>();
  readonly #taken = new Set<string>();
  readonly place: Place;

  constructor(map: YAMLMap, source: Source) {
    this.place = new JsonValue(map, source).place;
    for (const { key, value } of map.items) {
      if (isScalar(key)) this.#values.set(String(key.value), new JsonValue(value, source));
    }
  }

  /** The first of these fields that is there and not empty; all of them count as taken. */
  take(...names: readonly string[]): JsonValue | undefined {
    for (const name of names) this.#taken.add(name);
    return names.map((name) => this.#values.get(name)).find((value) => value !== undefined && !value.isEmpty);
  }

  text(...names: readonly string[]): string | undefined {
    return this.take(...names)?.text?.trim();
  }

  flag(...names: readonly string[]): boolean | undefined {
    const text = this.text(...names)?.toLowerCase();
    return text === undefined ? undefined : text === 'true';
  }

  /** Takes fields that need no counterpart. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#taken.add(name);
  }

  placeOf(name: string): Place {
    return this.#values.get(name)?.place ?? this.place;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** Names what nobody took. Never its value, which may be a secret. */
  reportRest(findings: Findings, where: string): void {
    for (const [name, value] of this.#values) {
      if (this.#taken.has(name) || value.isEmpty) continue;
      findings.error(
        'UnknownAssertion',
        name,
        value.place,
        `is no field of ${where} that is known; find out what it does`,
      );
    }
  }
}
