/**
 * Parser of X.500 names written as text. One pass from left to right without going back; a name longer than
 * `MAX_NAME_LENGTH` or with more than `MAX_ATTRIBUTES` attributes is refused.
 */

const MAX_NAME_LENGTH = 8192;
const MAX_ATTRIBUTES = 64;

/** Keywords that peers write (RFC 4519, OpenSSL, Java, .NET), in upper case. */
const oidOfKeyword = new Map([
  ['CN', '2.5.4.3'],
  ['C', '2.5.4.6'],
  ['L', '2.5.4.7'],
  ['ST', '2.5.4.8'],
  ['STREET', '2.5.4.9'],
  ['O', '2.5.4.10'],
  ['OU', '2.5.4.11'],
  ['DC', '0.9.2342.19200300.100.1.25'],
  ['UID', '0.9.2342.19200300.100.1.1'],
  ['COMMONNAME', '2.5.4.3'],
  ['SURNAME', '2.5.4.4'],
  ['SN', '2.5.4.4'],
  ['SERIALNUMBER', '2.5.4.5'],
  ['S', '2.5.4.8'],
  ['SP', '2.5.4.8'],
  ['STREETADDRESS', '2.5.4.9'],
  ['T', '2.5.4.12'],
  ['TITLE', '2.5.4.12'],
  ['DESCRIPTION', '2.5.4.13'],
  ['BUSINESSCATEGORY', '2.5.4.15'],
  ['POSTALCODE', '2.5.4.17'],
  ['TELEPHONENUMBER', '2.5.4.20'],
  ['NAME', '2.5.4.41'],
  ['G', '2.5.4.42'],
  ['GN', '2.5.4.42'],
  ['GIVENNAME', '2.5.4.42'],
  ['I', '2.5.4.43'],
  ['INITIALS', '2.5.4.43'],
  ['GENERATION', '2.5.4.44'],
  ['GENERATIONQUALIFIER', '2.5.4.44'],
  ['DNQ', '2.5.4.46'],
  ['DNQUALIFIER', '2.5.4.46'],
  ['PSEUDONYM', '2.5.4.65'],
  ['ORGANIZATIONIDENTIFIER', '2.5.4.97'],
  ['USERID', '0.9.2342.19200300.100.1.1'],
  ['E', '1.2.840.113549.1.9.1'],
  ['EMAIL', '1.2.840.113549.1.9.1'],
  ['EMAILADDRESS', '1.2.840.113549.1.9.1'],
  ['UNSTRUCTUREDNAME', '1.2.840.113549.1.9.2'],
  ['UNSTRUCTUREDADDRESS', '1.2.840.113549.1.9.8'],
]);

export interface TextAttribute {
  /** Object identifier in dotted form. */
  readonly type: string;
  /** The string, or the DER of a value written as `#` and hexadecimal digits. */
  readonly value: string | Buffer;
}

/**
 * Parses a name.
 *
 * @param text RFC 2253, RFC 4514 or RFC 1779
 * @returns its parts in the order of the text, each a set of attributes, or undefined when it is no name
 */
export function parseNameText(text: string): TextAttribute[][] | undefined {
  if (text.length > MAX_NAME_LENGTH) return undefined;
  const parts: TextAttribute[][] = [];
  if (text.trim() === '') return parts;
  let part: TextAttribute[] = [];
  let count = 0;
  let at = 0;
  for (;;) {
    const equals = text.indexOf('=', at);
    if (equals < 0 || ++count > MAX_ATTRIBUTES) return undefined;
    const type = attributeType(text.slice(at, equals));
    const parsed = type === undefined ? undefined : attributeValue(text, equals + 1);
    if (type === undefined || parsed === undefined) return undefined;
    part.push({ type, value: parsed.value });
    const separator = text.charAt(parsed.end);
    if (separator !== '+') {
      parts.push(part);
      part = [];
    }
    if (separator === '') return parts;
    at = parsed.end + 1;
  }
}

function attributeType(text: string): string | undefined {
  const type = text.trim().toUpperCase();
  const dotted = type.startsWith('OID.') ? type.slice(4) : type;
  return /^\d+(\.\d+)+$/.test(dotted) ? dotted : oidOfKeyword.get(type);
}

/** A value and where it ends: at a separator or the end of the text. */
interface ParsedValue {
  readonly value: string | Buffer;
  readonly end: number;
}

function attributeValue(text: string, from: number): ParsedValue | undefined {
  const start = skipSpaces(text, from);
  if (text.charAt(start) === '#') return hexValue(text, start + 1);
  return text.charAt(start) === '"' ? quotedValue(text, start + 1) : plainValue(text, start);
}

const isSpace = (character: string): boolean => character === ' ' || (character >= '\t' && character <= '\r');
const isSeparator = (character: string): boolean =>
  character === ',' || character === ';' || character === '+' || character === '';

function skipSpaces(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charAt(at))) at++;
  return at;
}

function hexValue(text: string, start: number): ParsedValue | undefined {
  let end = start;
  while (/^[0-9A-Fa-f]$/.test(text.charAt(end))) end++;
  const after = skipSpaces(text, end);
  if (end === start || (end - start) % 2 !== 0 || !isSeparator(text.charAt(after))) return undefined;
  return { value: Buffer.from(text.slice(start, end), 'hex'), end: after };
}

/** `"…"`: a backslash escapes (RFC 1779); .NET doubles a quote instead. */
function quotedValue(text: string, start: number): ParsedValue | undefined {
  const value = new ValueText();
  let at = start;
  for (;;) {
    const character = text.charAt(at);
    if (character === '') return undefined;
    if (character === '\\') {
      const next = value.escape(text, at);
      if (next === undefined) return undefined;
      at = next;
    } else if (character !== '"') {
      value.add(character);
      at++;
    } else if (text.charAt(at + 1) === '"') {
      value.add('"');
      at += 2;
    } else {
      const end = skipSpaces(text, at + 1);
      return isSeparator(text.charAt(end)) ? { value: value.toString(), end } : undefined;
    }
  }
}

function plainValue(text: string, start: number): ParsedValue | undefined {
  const value = new ValueText();
  let at = start;
  while (!isSeparator(text.charAt(at))) {
    if (text.charAt(at) !== '\\') value.add(text.charAt(at++));
    else {
      const next = value.escape(text, at);
      if (next === undefined) return undefined;
      at = next;
    }
  }
  return { value: value.toString(), end: at };
}

/** Collects a value; escaped hexadecimal pairs are octets of UTF-8 (RFC 2253 §2.4). */
class ValueText {
  #text = '';
  #octets: number[] = [];

  add(character: string): void {
    this.#flush();
    this.#text += character;
  }

  /** Takes the escape that begins at `at`; returns where it ends, or undefined when nothing follows the backslash. */
  escape(text: string, at: number): number | undefined {
    const pair = text.slice(at + 1, at + 3);
    if (/^[0-9A-Fa-f]{2}$/.test(pair)) {
      this.#octets.push(Number.parseInt(pair, 16));
      return at + 3;
    }
    if (pair === '') return undefined;
    this.add(pair.charAt(0));
    return at + 2;
  }

  toString(): string {
    this.#flush();
    return this.#text;
  }

  #flush(): void {
    if (this.#octets.length === 0) return;
    this.#text += Buffer.from(this.#octets).toString('utf8');
    this.#octets = [];
  }
}
