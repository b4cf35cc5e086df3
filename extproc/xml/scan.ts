import * as characters from './characters.ts';
import { scanDeclarationLike, scanProcessingInstruction, scanText } from './content.ts';
import { checkDeclaration } from './declaration.ts';
import { NotWellFormedError, XmlLimitError } from './errors.ts';
import * as layout from './layout.ts';
import { DEFAULT_LIMITS, type XmlLimits } from './limits.ts';
import { checkName } from './names.ts';
import { checkDeclaration as checkNamespace, scanStartTag } from './start-tag.ts';
import { ScanTables } from './tables.ts';
import { isXmlSpace } from './values.ts';
import { sameBytes } from './words.ts';
import { XmlIndex } from './xml-index.ts';

const { BANG, GT, LT, QUESTION, SLASH } = characters;
const { D_OUTER_URI, D_PREFIX, DECLARATION_STRIDE, UNBOUND } = layout;
const { T_BINDING, T_CHILD, T_LENGTH, T_OFFSET, T_PREFIX, T_SIBLING, TOKEN_STRIDE } = layout;
const { E_ATTRIBUTES, E_CONTENT_END, E_CONTENT_START, E_DECLARATIONS, E_END, E_FLAGS } = layout;
const { E_NAME, E_PARENT, E_START, E_SUBTREE_END, E_URI } = layout;
const { ELEMENT_STRIDE, F_CANONICAL_TAG, F_COMMENT_OR_PI, F_EMPTY_TAG, F_HAS_DECLARATIONS } = layout;

export interface ScanOptions {
  /** {@link DEFAULT_LIMITS} unless given. */
  readonly limits?: XmlLimits;
  /** Namespaces in scope around a fragment: prefix (`''` = default namespace) to namespace name. */
  readonly namespaces?: ReadonlyMap<string, string>;
}

/**
 * Scans a document, or a fragment with one root element, and returns the index of its elements. Accepts exactly the
 * well-formed documents of XML 1.0 (5th edition) and Namespaces in XML 1.0 that are UTF-8 and have no document type
 * declaration. One pass over the bytes, without recursion; the bytes are kept, not copied, and must not change.
 *
 * @param bytes the document; a byte order mark is accepted
 * @throws {XmlError} if the document is refused
 */
export function scan(bytes: Buffer, options: ScanOptions = {}): XmlIndex {
  const limits = options.limits ?? DEFAULT_LIMITS;
  if (bytes.length > limits.maxBytes) throw new XmlLimitError('Document too long', limits.maxBytes);
  const tables = new ScanTables(bytes, limits);
  const context = options.namespaces ?? NO_NAMESPACES;
  const outside = [...context].map(([prefix, uri]) => bindContext(tables, prefix, uri));
  let offset = scanMisc(tables, checkDeclaration(bytes));
  if (offset >= bytes.length) throw new NotWellFormedError('No root element', offset);
  if (bytes[offset + 1] === SLASH) throw new NotWellFormedError('End tag without an element', offset);
  offset = scanRoot(tables, offset);
  offset = scanMisc(tables, offset);
  if (offset < bytes.length) throw new NotWellFormedError('Content after the root element', offset);
  // From here on the column holds what the canonicalizer has rendered: nothing yet.
  for (const [token, binding] of outside) tables.tokens.rows[token * TOKEN_STRIDE + T_BINDING] = binding;
  tables.compact();
  return new XmlIndex(tables, context);
}

const NO_NAMESPACES: ReadonlyMap<string, string> = new Map();

/** @returns the token of the prefix and what it was bound to before */
function bindContext(tables: ScanTables, prefix: string, uri: string): [token: number, binding: number] {
  const name = Buffer.from(prefix);
  if (prefix !== '') checkName(name, 0, name.length);
  const token = tables.tokens.internForeign(name);
  const uriToken = tables.tokens.internForeign(Buffer.from(uri));
  checkNamespace(token, uriToken, 0);
  const at = token * TOKEN_STRIDE + T_BINDING;
  const binding = tables.tokens.rows[at];
  tables.tokens.rows[at] = uriToken;
  return [token, binding];
}

/** White space, comments and processing instructions around the root element. */
function scanMisc(tables: ScanTables, start: number): number {
  const bytes = tables.bytes;
  let i = start;
  while (i < bytes.length) {
    const byte = bytes[i];
    if (isXmlSpace(byte)) i++;
    else if (byte !== LT) throw new NotWellFormedError('Text outside the root element', i);
    else if (bytes[i + 1] === BANG) i = scanDeclarationLike(tables, i);
    else if (bytes[i + 1] === QUESTION) i = scanProcessingInstruction(tables, i);
    else break;
  }
  return i;
}

/** The root element and all it holds. */
function scanRoot(tables: ScanTables, start: number): number {
  const { bytes, tokens, view } = tables;
  const { maxDepth, maxElements } = tables.limits;
  const end = bytes.length;
  // Where the token table says what came here last time: the root is where the child of a nameless element would be.
  let guess = T_CHILD;
  let i = start;
  do {
    if (i < end && bytes[i] !== LT) i = scanText(tables, i);
    if (i + 1 >= end) throw new NotWellFormedError('Element without an end', end);
    const byte = bytes[i + 1];
    if (byte === SLASH) {
      // The common case in few steps: an end tag without white space, of an element without anything special.
      const elements = tables.elements;
      const at = tables.current * ELEMENT_STRIDE;
      const row = elements[at + E_NAME] * TOKEN_STRIDE;
      const length = tokens.rows[row + T_LENGTH];
      const after = i + 2 + length;
      if (
        after < end &&
        bytes[after] === GT &&
        (elements[at + E_FLAGS] & (F_COMMENT_OR_PI | F_HAS_DECLARATIONS)) === 0 &&
        tables.roughStart < 0 &&
        sameBytes(view, elements[at + E_START] + 1, i + 2, length)
      ) {
        elements[at + E_CONTENT_END] = i;
        elements[at + E_END] = after + 1;
        elements[at + E_SUBTREE_END] = tables.elementCount;
        tables.current = elements[at + E_PARENT];
        tables.depth--;
        i = after + 1;
      } else i = closeElement(tables, i);
      guess = row + T_SIBLING;
      continue;
    }
    if (byte === BANG) {
      i = scanDeclarationLike(tables, i);
      continue;
    }
    if (byte === QUESTION) {
      i = scanProcessingInstruction(tables, i);
      continue;
    }
    if (tables.roughStart >= 0) tables.flushRough();
    // The common case in few steps: a start tag without attributes whose name is the one that was guessed.
    const rows = tokens.rows;
    const name = rows[guess] - 1;
    if (name >= 0) {
      const row = name * TOKEN_STRIDE;
      const length = rows[row + T_LENGTH];
      const after = i + 1 + length;
      if (after < end && bytes[after] === GT && sameBytes(view, rows[row + T_OFFSET], i + 1, length)) {
        const uri = rows[rows[row + T_PREFIX] * TOKEN_STRIDE + T_BINDING];
        const element = tables.elementCount;
        const elements = tables.elements;
        const at = element * ELEMENT_STRIDE;
        if (at < elements.length && uri !== UNBOUND && element < maxElements && tables.depth < maxDepth) {
          elements[at + E_START] = i;
          elements[at + E_NAME] = name;
          elements[at + E_URI] = uri;
          elements[at + E_CONTENT_START] = after + 1;
          elements[at + E_PARENT] = tables.current;
          elements[at + E_ATTRIBUTES] = tables.attributeCount;
          elements[at + E_DECLARATIONS] = tables.declarationCount;
          elements[at + E_FLAGS] = F_CANONICAL_TAG;
          tables.elementCount = element + 1;
          tables.current = element;
          tables.depth++;
          guess = row + T_CHILD;
          i = after + 1;
          continue;
        }
      }
    }
    i = openElement(tables, i, guess);
    const opened = tables.elementCount - 1;
    guess =
      tables.elements[opened * ELEMENT_STRIDE + E_NAME] * TOKEN_STRIDE +
      (tables.current === opened ? T_CHILD : T_SIBLING);
  } while (tables.current >= 0);
  return i;
}

function openElement(tables: ScanTables, start: number, guess: number): number {
  const i = scanStartTag(tables, start, guess);
  const element = tables.elementCount - 1;
  if (tables.depth >= tables.limits.maxDepth) throw new XmlLimitError('Too deep', start);
  tables.depth++;
  tables.current = element;
  if ((tables.elements[element * ELEMENT_STRIDE + E_FLAGS] & F_EMPTY_TAG) !== 0) finishElement(tables, element, i, i);
  return i;
}

function closeElement(tables: ScanTables, start: number): number {
  if (tables.roughStart >= 0) tables.flushRough();
  const bytes = tables.bytes;
  const element = tables.current;
  const elements = tables.elements;
  const row = element * ELEMENT_STRIDE;
  const length = tables.tokens.rows[elements[row + E_NAME] * TOKEN_STRIDE + T_LENGTH];
  let i = start + 2 + length;
  if (i >= bytes.length) throw new NotWellFormedError('Element without an end', bytes.length);
  if (!sameBytes(tables.view, elements[row + E_START] + 1, start + 2, length)) {
    throw new NotWellFormedError('End tag of another element', start);
  }
  if (bytes[i] !== GT) {
    const nameEnd = i;
    while (i < bytes.length && isXmlSpace(bytes[i])) i++;
    if (i >= bytes.length || bytes[i] !== GT) throw new NotWellFormedError('End tag of another element', start);
    tables.addRough(nameEnd, ~i);
  }
  finishElement(tables, element, start, i + 1);
  return i + 1;
}

/** The element ends: fills in its last columns and takes back its namespace declarations. */
function finishElement(tables: ScanTables, element: number, contentEnd: number, end: number): void {
  const elements = tables.elements;
  const row = element * ELEMENT_STRIDE;
  elements[row + E_CONTENT_END] = contentEnd;
  elements[row + E_END] = end;
  elements[row + E_SUBTREE_END] = tables.elementCount;
  const parent = elements[row + E_PARENT];
  tables.current = parent;
  tables.depth--;
  const flags = elements[row + E_FLAGS];
  if ((flags & F_COMMENT_OR_PI) !== 0 && parent >= 0) tables.flagCurrent(F_COMMENT_OR_PI);
  if ((flags & F_HAS_DECLARATIONS) !== 0) takeBackDeclarations(tables, element);
}

function takeBackDeclarations(tables: ScanTables, element: number): void {
  const { declarations, elements } = tables;
  const tokens = tables.tokens.rows;
  const next = element + 1;
  const last = next < tables.elementCount ? elements[next * ELEMENT_STRIDE + E_DECLARATIONS] : tables.declarationCount;
  for (let d = last - 1; d >= elements[element * ELEMENT_STRIDE + E_DECLARATIONS]; d--) {
    const at = d * DECLARATION_STRIDE;
    tokens[declarations[at + D_PREFIX] * TOKEN_STRIDE + T_BINDING] = declarations[at + D_OUTER_URI];
  }
}
