/**
 * X.500 names: the text that goes into `ds:X509IssuerName`, and comparison with what peers wrote there.
 *
 * The text is RFC 2253 as Java's `X500Principal.getName(RFC2253)` gives it, for that is what most peers compare with.
 * Comparison is by a key made of attribute types and folded values (RFC 5280 §7.1), so that spacing, letter case,
 * quoting, keywords against object identifiers and string types make no difference; the order of the parts does.
 */

import { DerError, DerReader, oidText, TAG, type DerValue } from './der.ts';
import { parseNameText } from './name-text.ts';

const MAX_ATTRIBUTES = 64;

/** Keywords that Java writes in RFC 2253 form; every other type is written as an OID with a hexadecimal value. */
const keywordOfOid = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['2.5.4.9', 'STREET'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
]);

/** A name read from a certificate. */
export interface DistinguishedName {
  /** RFC 2253, most specific part first. */
  readonly text: string;
  /** Equal for equal names; see {@link nameKey}. */
  readonly key: string;
}

/** The content of a string value; undefined for types that Java, too, writes in hexadecimal. */
function stringValue(value: DerValue): string | undefined {
  switch (value.tag) {
    case TAG.utf8String:
      return value.content.toString('utf8');
    case TAG.printableString:
    case TAG.ia5String:
    case TAG.generalString:
    case TAG.t61String:
      return value.content.toString('latin1');
    case TAG.bmpString:
      if (value.content.length % 2 !== 0) throw new DerError('bad BMPString');
      return Buffer.from(value.content).swap16().toString('utf16le');
    default:
      return undefined;
  }
}

/** RFC 2253 §2.4 as Java applies it: these are escaped wherever they stand, spaces only at the ends. */
function escapeValue(text: string): string {
  const escaped = text.replace(/[,=+<>#;"\\]/g, '\\$&').replaceAll('\0', '\\00');
  let lead = 0;
  while (lead < escaped.length && (escaped[lead] === ' ' || escaped[lead] === '\r')) lead++;
  let trail = escaped.length;
  while (trail > lead && (escaped[trail - 1] === ' ' || escaped[trail - 1] === '\r')) trail--;
  const escapeEach = (spaces: string) => [...spaces].map((space) => `\\${space}`).join('');
  return escapeEach(escaped.slice(0, lead)) + escaped.slice(lead, trail) + escapeEach(escaped.slice(trail));
}

/** RFC 5280 §7.1 folding: case and runs of spaces do not matter. */
function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' ');
}

/** A value that is no string is compared by its octets; the quotes keep it apart from a string that looks the same. */
function keyOfAttribute(oid: string, value: DerValue): string {
  const string = stringValue(value);
  return string === undefined ? `${oid}=#${value.bytes.toString('hex')}` : keyOfString(oid, string);
}

const keyOfString = (oid: string, value: string): string => `${oid}=${JSON.stringify(fold(value))}`;

/** Types and values of one relative name in any order are one and the same; the names' order counts. */
const keyOfParts = (parts: readonly (readonly string[])[]): string =>
  parts.map((attributes) => attributes.toSorted().join('+')).join(',');

/**
 * Reads a Name (RFC 5280 §4.1.2.4).
 *
 * @param der the whole RDNSequence
 * @throws DerError
 */
export function readName(der: Buffer): DistinguishedName {
  const top = new DerReader(der);
  const sequence = top.enter(TAG.sequence);
  top.finish();
  const texts: string[] = [];
  const keys: string[][] = [];
  let count = 0;
  while (!sequence.atEnd) {
    const set = sequence.enter(TAG.set);
    const partTexts: string[] = [];
    const partKeys: string[] = [];
    while (!set.atEnd) {
      if (++count > MAX_ATTRIBUTES) throw new DerError('the name has too many attributes');
      const attribute = set.enter(TAG.sequence);
      const oid = oidText(attribute.next(TAG.oid).content);
      const value = attribute.next();
      attribute.finish();
      const string = stringValue(value);
      const hex = `#${value.bytes.toString('hex')}`;
      const keyword = keywordOfOid.get(oid);
      partTexts.push(`${keyword ?? oid}=${keyword === undefined || string === undefined ? hex : escapeValue(string)}`);
      partKeys.push(keyOfAttribute(oid, value));
    }
    if (partTexts.length === 0) throw new DerError('a part of the name is empty');
    texts.push(partTexts.join('+'));
    keys.push(partKeys);
  }
  return { text: texts.reverse().join(','), key: keyOfParts(keys.reverse()) };
}

/**
 * The key of a name that stands as text in a message: RFC 2253, RFC 4514, RFC 1779 and what OpenSSL, Java and .NET
 * write of it. Spaces around separators, letter case, keywords or object identifiers, quotes, escapes, hexadecimal
 * values, and `;` for `,` make no difference.
 *
 * @returns the key that {@link readName} gives for the same name, or undefined when the text is no name
 */
export function nameKey(text: string): string | undefined {
  const parts = parseNameText(text);
  if (parts === undefined) return undefined;
  try {
    return keyOfParts(parts.map((part) => part.map(({ type, value }) => keyOfTextAttribute(type, value))));
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

function keyOfTextAttribute(type: string, value: string | Buffer): string {
  if (typeof value === 'string') return keyOfString(type, value);
  const reader = new DerReader(value);
  const key = keyOfAttribute(type, reader.next());
  reader.finish();
  return key;
}
