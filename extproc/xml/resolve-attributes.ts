import { NotWellFormedError, XmlLimitError } from './errors.ts';
import * as layout from './layout.ts';
import { compareAttributes, compareTokens } from './names.ts';
import type { ScanTables } from './tables.ts';

const { A_NAME, A_START, A_URI, ATTRIBUTE_STRIDE, D_PREFIX, D_START, DECLARATION_STRIDE } = layout;
const { E_ATTRIBUTES, E_DECLARATIONS, E_START, ELEMENT_STRIDE } = layout;
const { F_CANONICAL_TAG, F_HAS_DECLARATIONS, F_HAS_PREFIXED_ATTRIBUTES, F_XML_ATTRIBUTES } = layout;
const { NO_TOKEN, T_BINDING, T_LOCAL, T_PREFIX, TOKEN_STRIDE, TOKEN_XML_URI, UNBOUND } = layout;

/** More attributes than this are told apart by a Set instead of one by one. */
const MAX_PAIRWISE = 8;

/**
 * Resolves the namespaces of the attributes of the last element, now that all declarations of the tag are known.
 * @returns the flags of the element
 */
export function resolveAttributes(tables: ScanTables, element: number, tagFlags: number): number {
  const row = element * ELEMENT_STRIDE;
  const tokens = tables.tokens.rows;
  const { attributes, attributeCount, declarationCount } = tables;
  const firstAttribute = tables.elements[row + E_ATTRIBUTES];
  const firstDeclaration = tables.elements[row + E_DECLARATIONS];
  if (attributeCount + declarationCount > tables.limits.maxTotalAttributes) {
    throw new XmlLimitError('Too many attributes in the document', tables.elements[row + E_START]);
  }
  let flags = tagFlags;
  for (let a = firstAttribute; a < attributeCount; a++) {
    const at = a * ATTRIBUTE_STRIDE;
    const prefix = tokens[attributes[at + A_NAME] * TOKEN_STRIDE + T_PREFIX];
    if (prefix === NO_TOKEN) continue;
    flags |= F_HAS_PREFIXED_ATTRIBUTES;
    const uri = tokens[prefix * TOKEN_STRIDE + T_BINDING];
    if (uri === UNBOUND) throw new NotWellFormedError('Prefix without a namespace', attributes[at + A_START]);
    attributes[at + A_URI] = uri;
    if (uri === TOKEN_XML_URI) flags |= F_XML_ATTRIBUTES;
  }
  if (attributeCount - firstAttribute > 1) checkAttributesDistinct(tables, firstAttribute);
  if (declarationCount > firstDeclaration) {
    flags |= F_HAS_DECLARATIONS;
    if (declarationCount - firstDeclaration > 1) checkDeclarationsDistinct(tables, firstDeclaration);
  } else if (attributeCount - firstAttribute < 2) return flags;
  if ((flags & F_CANONICAL_TAG) !== 0 && !isOrdered(tables, firstAttribute, firstDeclaration))
    flags &= ~F_CANONICAL_TAG;
  return flags;
}

/** XML 1.0 §3.1 and Namespaces in XML 1.0 §6.3: no two attributes with the same name, whatever their prefixes. */
function checkAttributesDistinct(tables: ScanTables, first: number): void {
  const { attributes, attributeCount } = tables;
  const tokens = tables.tokens.rows;
  const seen = attributeCount - first > MAX_PAIRWISE ? new Set<number>() : undefined;
  for (let a = first; a < attributeCount; a++) {
    const at = a * ATTRIBUTE_STRIDE;
    const uri = attributes[at + A_URI];
    const local = tokens[attributes[at + A_NAME] * TOKEN_STRIDE + T_LOCAL];
    let duplicate = false;
    if (seen === undefined) {
      for (let b = first; b < a; b++) {
        const other = b * ATTRIBUTE_STRIDE;
        const sameLocal = tokens[attributes[other + A_NAME] * TOKEN_STRIDE + T_LOCAL] === local;
        if (sameLocal && attributes[other + A_URI] === uri) duplicate = true;
      }
    } else {
      const key = uri * 2 ** 26 + local;
      duplicate = seen.has(key);
      seen.add(key);
    }
    if (duplicate) throw new NotWellFormedError('Duplicate attribute', attributes[at + A_START]);
  }
}

function checkDeclarationsDistinct(tables: ScanTables, first: number): void {
  const { declarations, declarationCount } = tables;
  const seen = declarationCount - first > MAX_PAIRWISE ? new Set<number>() : undefined;
  for (let d = first; d < declarationCount; d++) {
    const at = d * DECLARATION_STRIDE;
    const prefix = declarations[at + D_PREFIX];
    let duplicate = false;
    if (seen === undefined) {
      for (let b = first; b < d; b++) if (declarations[b * DECLARATION_STRIDE + D_PREFIX] === prefix) duplicate = true;
    } else {
      duplicate = seen.has(prefix);
      seen.add(prefix);
    }
    if (duplicate) throw new NotWellFormedError('Duplicate namespace declaration', declarations[at + D_START]);
  }
}

/** Declarations before attributes, each in the order of Canonical XML 1.0 §2.2. */
function isOrdered(tables: ScanTables, firstAttribute: number, firstDeclaration: number): boolean {
  const { attributes, declarations, tokens, bytes } = tables;
  for (let d = firstDeclaration + 1; d < tables.declarationCount; d++) {
    const at = d * DECLARATION_STRIDE + D_PREFIX;
    if (compareTokens(tokens, bytes, declarations[at - DECLARATION_STRIDE], declarations[at]) > 0) {
      return false;
    }
  }
  if (firstAttribute === tables.attributeCount) return true;
  if (firstDeclaration < tables.declarationCount) {
    const lastDeclaration = (tables.declarationCount - 1) * DECLARATION_STRIDE;
    const start = declarations[lastDeclaration + D_START];
    if (start > attributes[firstAttribute * ATTRIBUTE_STRIDE + A_START]) return false;
  }
  for (let a = firstAttribute + 1; a < tables.attributeCount; a++) {
    if (compareAttributes(tokens, bytes, attributes, a - 1, a) > 0) return false;
  }
  return true;
}
