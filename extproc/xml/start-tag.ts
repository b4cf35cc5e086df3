import * as characters from './characters.ts';
import { NotWellFormedError, XmlLimitError } from './errors.ts';
import * as layout from './layout.ts';
import { splitQName } from './names.ts';
import { referenceEnd, resolveReference } from './references.ts';
import { resolveAttributes } from './resolve-attributes.ts';
import type { ScanTables } from './tables.ts';
import { isXmlSpace, normalizeValue } from './values.ts';
import { sameBytes } from './words.ts';

const { AMP, APOS, CR, EQUALS, GT, LF, LT, QUOTE, SLASH, SPACE, TAB } = characters;
const { NAME_CLASS, V_AMP, V_LT, V_QUOTE, V_SPACE, VALUE_CLASS } = characters;
const { A_ENCODED, A_NAME, A_START, A_URI, A_VALUE_END, A_VALUE_START, ATTRIBUTE_STRIDE } = layout;
const { D_OUTER_URI, D_PREFIX, D_START, D_URI } = layout;
const { E_CONTENT_START, E_FLAGS, E_URI, ELEMENT_STRIDE } = layout;
const { F_CANONICAL_TAG, F_EMPTY_TAG } = layout;
const { T_ATTRIBUTE, T_BINDING, T_IS_ID, T_IS_QNAME, T_LENGTH, T_LOCAL, T_OFFSET, T_PREFIX, TOKEN_STRIDE } = layout;
const { NO_TOKEN, TOKEN_XML, TOKEN_XML_URI, TOKEN_XMLNS, TOKEN_XMLNS_URI, UNBOUND } = layout;

/**
 * Scans a start tag or empty-element tag and adds its element, whose last columns the end of the element fills in.
 * @param start offset of its `<`
 * @param guess column of the token table where the name of the element that came here last time is, and is kept
 * @returns offset after it; the element is the last of the table
 */
export function scanStartTag(tables: ScanTables, start: number, guess: number): number {
  const bytes = tables.bytes;
  const end = bytes.length;
  const name = scanQName(tables, start + 1, guess);
  let rows = tables.tokens.rows;
  const element = tables.addElement(start, name);
  let flags = F_CANONICAL_TAG;
  let i = start + 1 + rows[name * TOKEN_STRIDE + T_LENGTH];
  if (i < end && bytes[i] === GT) i++;
  else {
    let attributeGuess = name * TOKEN_STRIDE + T_ATTRIBUTE;
    for (;;) {
      let space = i;
      while (space < end && isXmlSpace(bytes[space])) space++;
      if (space >= end) throw new NotWellFormedError('Start tag without an end', start);
      const byte = bytes[space];
      if (byte === GT) {
        if (space > i) flags &= ~F_CANONICAL_TAG;
        i = space + 1;
        break;
      }
      if (byte === SLASH) {
        if (space + 1 >= end || bytes[space + 1] !== GT) throw new NotWellFormedError("'/' in a start tag", space);
        if (space > i) flags &= ~F_CANONICAL_TAG;
        flags |= F_EMPTY_TAG;
        i = space + 2;
        break;
      }
      if (space === i) throw new NotWellFormedError('No white space before an attribute', i);
      if (space - i > 1 || bytes[i] !== SPACE) flags &= ~F_CANONICAL_TAG;
      const plainEnd = scanPlainAttribute(tables, space, attributeGuess);
      if (plainEnd > 0) {
        attributeGuess = (rows[attributeGuess] - 1) * TOKEN_STRIDE + T_ATTRIBUTE;
        i = plainEnd;
        continue;
      }
      const attribute = scanQName(tables, space, attributeGuess);
      rows = tables.tokens.rows;
      attributeGuess = attribute * TOKEN_STRIDE + T_ATTRIBUTE;
      i = scanAttribute(tables, space, attribute);
      if (i < 0) {
        flags &= ~F_CANONICAL_TAG;
        i = ~i;
      }
    }
    rows = tables.tokens.rows;
    flags = resolveAttributes(tables, element, flags);
  }
  const elements = tables.elements;
  const row = element * ELEMENT_STRIDE;
  const uri = rows[rows[name * TOKEN_STRIDE + T_PREFIX] * TOKEN_STRIDE + T_BINDING];
  if (uri === UNBOUND) throw new NotWellFormedError('Prefix without a namespace', start);
  elements[row + E_URI] = uri;
  elements[row + E_CONTENT_START] = i;
  elements[row + E_FLAGS] = flags;
  return i;
}

/** Token of the qualified name at `start`, looked up at `guess` first. */
function scanQName(tables: ScanTables, start: number, guess: number): number {
  const { bytes, tokens } = tables;
  const rows = tokens.rows;
  const end = bytes.length;
  const guessed = rows[guess] - 1;
  if (guessed >= 0) {
    const length = rows[guessed * TOKEN_STRIDE + T_LENGTH];
    const after = start + length;
    if (
      after < end &&
      NAME_CLASS[bytes[after]] === 0 &&
      sameBytes(tables.view, rows[guessed * TOKEN_STRIDE + T_OFFSET], start, length)
    ) {
      return guessed;
    }
  }
  let i = start;
  while (i < end && NAME_CLASS[bytes[i]] !== 0) i++;
  if (i === start) throw new NotWellFormedError('Malformed name', start);
  if (i - start > tables.limits.maxNameLength) throw new XmlLimitError('Name too long', start);
  const token = tokens.intern(start, i);
  const row = token * TOKEN_STRIDE;
  if (tokens.rows[row + T_IS_QNAME] === 0) splitQName(tokens, token, bytes, start, i);
  if (tokens.rows[row + T_OFFSET] >= 0) tokens.rows[guess] = token + 1;
  return token;
}

/**
 * The common case in few steps: an attribute with the guessed name, written as Canonical XML would, with nothing in its
 * value that needs a look.
 * @returns offset after it; 0 if it is another case, and then nothing has been done
 */
function scanPlainAttribute(tables: ScanTables, start: number, guess: number): number {
  const { attributeCount, attributes, bytes } = tables;
  const rows = tables.tokens.rows;
  const end = bytes.length;
  const name = rows[guess] - 1;
  const row = name * TOKEN_STRIDE;
  if (name < 0 || rows[row + T_PREFIX] === TOKEN_XMLNS) return 0;
  const length = rows[row + T_LENGTH];
  const valueStart = start + length + 2;
  if (valueStart >= end || bytes[valueStart - 1] !== QUOTE || bytes[valueStart - 2] !== EQUALS) return 0;
  if (!sameBytes(tables.view, rows[row + T_OFFSET], start, length)) return 0;
  let i = valueStart;
  while (i < end && VALUE_CLASS[bytes[i]] === 0) i++;
  if (i >= end || bytes[i] !== QUOTE || i - valueStart > tables.limits.maxTextLength) return 0;
  const at = attributeCount * ATTRIBUTE_STRIDE;
  if (at >= attributes.length || attributeCount >= tables.attributeLimit) return 0;
  attributes[at + A_NAME] = name;
  attributes[at + A_URI] = NO_TOKEN;
  attributes[at + A_START] = start;
  attributes[at + A_VALUE_START] = valueStart;
  attributes[at + A_VALUE_END] = i;
  attributes[at + A_ENCODED] = 0;
  if (rows[row + T_IS_ID] === 1) tables.ids.push(attributeCount, tables.elementCount - 1);
  tables.attributeCount = attributeCount + 1;
  return i + 1;
}

/** @returns offset after the attribute; its complement if Canonical XML would write it differently */
function scanAttribute(tables: ScanTables, start: number, name: number): number {
  const bytes = tables.bytes;
  const end = bytes.length;
  const rows = tables.tokens.rows;
  const nameEnd = start + rows[name * TOKEN_STRIDE + T_LENGTH];
  let i = nameEnd;
  let canonical = true;
  if (i + 1 < end && bytes[i] === EQUALS && bytes[i + 1] === QUOTE) i++;
  else {
    while (i < end && isXmlSpace(bytes[i])) i++;
    if (i >= end || bytes[i] !== EQUALS) throw new NotWellFormedError("No '=' after an attribute name", i);
    i++;
    while (i < end && isXmlSpace(bytes[i])) i++;
    if (i >= end || (bytes[i] !== APOS && bytes[i] !== QUOTE)) {
      throw new NotWellFormedError('Attribute value without quotes', i);
    }
    canonical = false;
  }
  const quote = bytes[i];
  const valueStart = i + 1;
  let encoded = 0;
  for (i = valueStart; ; i++) {
    if (i >= end) throw new NotWellFormedError('Attribute value without an end', valueStart);
    const kind = VALUE_CLASS[bytes[i]];
    if (kind === 0) continue;
    if (kind === V_QUOTE) {
      if (bytes[i] === quote) break;
    } else if (kind === V_AMP) {
      const next = referenceEnd(bytes, i, end);
      const codePoint = resolveReference(bytes, i, next);
      if (canonical) canonical = isCanonicalReference(bytes, i, next, codePoint);
      encoded = 1;
      i = next - 1;
    } else if (kind === V_LT) throw new NotWellFormedError("'<' in an attribute value", i);
    else if (kind === V_SPACE) {
      encoded = 1;
      canonical = false;
    } else throw new NotWellFormedError('Illegal character', i);
  }
  if (i - valueStart > tables.limits.maxTextLength) throw new XmlLimitError('Attribute value too long', valueStart);
  const row = name * TOKEN_STRIDE;
  if (name === TOKEN_XMLNS) addDeclaration(tables, start, NO_TOKEN, valueStart, i, encoded);
  else if (rows[row + T_PREFIX] === TOKEN_XMLNS) {
    addDeclaration(tables, start, rows[row + T_LOCAL], valueStart, i, encoded);
  } else addAttribute(tables, start, name, valueStart, i, encoded);
  return canonical ? i + 1 : ~(i + 1);
}

/** `&amp;`, `&lt;`, `&quot;`, `&#x9;`, `&#xA;` and `&#xD;`, which Canonical XML writes in attribute values. */
function isCanonicalReference(bytes: Buffer, offset: number, end: number, codePoint: number): boolean {
  switch (codePoint) {
    case AMP:
    case LT:
    case QUOTE:
      return bytes[offset + 1] !== 0x23;
    case TAB:
      return end - offset === 5 && bytes[offset + 2] === 0x78;
    case LF:
      return end - offset === 5 && bytes[offset + 3] === 0x41;
    case CR:
      return end - offset === 5 && bytes[offset + 3] === 0x44;
    default:
      return false;
  }
}

function addAttribute(
  tables: ScanTables,
  start: number,
  name: number,
  valueStart: number,
  valueEnd: number,
  encoded: number,
): void {
  if (tables.attributeCount >= tables.attributeLimit) throw new XmlLimitError('Too many attributes', start);
  const row = tables.nextAttribute(start);
  const attributes = tables.attributes;
  attributes[row + A_NAME] = name;
  attributes[row + A_URI] = NO_TOKEN;
  attributes[row + A_START] = start;
  attributes[row + A_VALUE_START] = valueStart;
  attributes[row + A_VALUE_END] = valueEnd;
  attributes[row + A_ENCODED] = encoded;
  if (tables.tokens.rows[name * TOKEN_STRIDE + T_IS_ID] === 1) {
    tables.ids.push(tables.attributeCount - 1, tables.elementCount - 1);
  }
}

function addDeclaration(
  tables: ScanTables,
  start: number,
  prefix: number,
  valueStart: number,
  valueEnd: number,
  encoded: number,
): void {
  if (tables.declarationCount >= tables.declarationLimit) {
    throw new XmlLimitError('Too many namespace declarations', start);
  }
  const tokens = tables.tokens;
  const uri =
    encoded === 1
      ? tokens.internForeign(Buffer.from(normalizeValue(tables.bytes, valueStart, valueEnd)))
      : tokens.intern(valueStart, valueEnd);
  checkDeclaration(prefix, uri, start);
  const row = tables.nextDeclaration(start);
  const declarations = tables.declarations;
  const bindingAt = prefix * TOKEN_STRIDE + T_BINDING;
  declarations[row + D_PREFIX] = prefix;
  declarations[row + D_URI] = uri;
  declarations[row + D_OUTER_URI] = tokens.rows[bindingAt];
  declarations[row + D_START] = start;
  tokens.rows[bindingAt] = uri;
}

/** Namespaces in XML 1.0 §3: reserved prefixes and namespace names; §5: a prefix cannot be undeclared. */
export function checkDeclaration(prefix: number, uri: number, offset: number): void {
  if (prefix === TOKEN_XMLNS) throw new NotWellFormedError("Declaration of the prefix 'xmlns'", offset);
  if ((prefix === TOKEN_XML) !== (uri === TOKEN_XML_URI) || uri === TOKEN_XMLNS_URI) {
    throw new NotWellFormedError('Declaration of a reserved prefix or namespace', offset);
  }
  if (prefix !== NO_TOKEN && uri === NO_TOKEN) throw new NotWellFormedError('Prefix without a namespace', offset);
}
