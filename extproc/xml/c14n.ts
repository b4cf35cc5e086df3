import { CanonicalOutput } from './canonical-output.ts';
import { writeComment, writeProcessingInstruction } from './canonical-text.ts';
import { CanonicalWriter } from './canonical-writer.ts';
import { BANG, LF, LT } from './characters.ts';
import { checkDeclaration } from './declaration.ts';
import type { XmlIndex } from './xml-index.ts';

/** Exclusive XML Canonicalization 1.0, Canonical XML 1.0, Canonical XML 1.1. */
export type CanonicalizationMode = 'exclusive' | 'inclusive10' | 'inclusive11';

export interface CanonicalizeOptions {
  readonly mode: CanonicalizationMode;
  /** Whether comments are part of the canonical form ("#WithComments"). */
  readonly comments: boolean;
  /** Exclusive only: the InclusiveNamespaces PrefixList; `#default` is the default namespace. */
  readonly inclusivePrefixes?: readonly string[];
  /** Attributes that the document does not have yet, by element: the form is that of the document that has them. */
  readonly added?: ReadonlyMap<number, AddedId>;
  /** STR-Transform (WSS 1.1 §8.3): the element gets `xmlns=""` unless it renders a default namespace. */
  readonly augmentDefaultNamespace?: boolean;
  /** An element below the one canonicalized that is left out (XML Signature 1.1 §6.6.4, enveloped signature transform). */
  readonly omitted?: number;
}

/** An identifier that will be inserted into a start tag. */
export interface AddedId {
  readonly prefix: string;
  readonly namespaceUri: string;
  readonly localName: string;
  readonly value: string;
  /** Whether a declaration of `prefix` will be inserted with it; else it is in scope already. */
  readonly declare: boolean;
}

/**
 * Canonical form of an element and its descendants as a document subset: Canonical XML 1.0 and 1.1 import the
 * namespaces in scope and the `xml:` attributes of the ancestors, Exclusive C14N only the namespaces visibly used.
 * @throws {C14nError} if a namespace name is relative (Canonical XML 1.0 §1.3)
 */
export function canonicalize(index: XmlIndex, element: number, options: CanonicalizeOptions): Buffer {
  const output = CanonicalOutput.toBuffer(index.tables, index.end(element) - index.start(element));
  new CanonicalWriter(index, options, output).writeElement(element);
  return output.finish();
}

/**
 * Digest of the canonical form of an element, which is never held in memory as a whole.
 * @param hash name of the hash function as `node:crypto` has it
 * @throws {C14nError} as {@link canonicalize}
 */
export function digestCanonical(index: XmlIndex, element: number, options: CanonicalizeOptions, hash: string): Buffer {
  const output = CanonicalOutput.toHash(index.tables, hash);
  new CanonicalWriter(index, options, output).writeElement(element);
  return output.finish();
}

/**
 * Canonical form of the whole document: that of the root element, and around it the processing instructions and, if
 * wanted, comments, each on a line of its own (Canonical XML 1.0 §2.3).
 * @throws {C14nError} as {@link canonicalize}
 */
export function canonicalizeDocument(index: XmlIndex, options: CanonicalizeOptions): Buffer {
  const output = CanonicalOutput.toBuffer(index.tables, index.bytes.length);
  const { bytes } = index;
  for (let i = checkDeclaration(bytes); i < index.start(0);) {
    const before = i;
    i = writeMisc(index, output, i, options.comments);
    if (bytes[before] === LT && (options.comments || bytes[before + 1] !== BANG)) output.byte(LF);
  }
  new CanonicalWriter(index, options, output).writeElement(0);
  for (let i = index.end(0); i < bytes.length;) {
    if (bytes[i] === LT && (options.comments || bytes[i + 1] !== BANG)) output.byte(LF);
    i = writeMisc(index, output, i, options.comments);
  }
  return output.finish();
}

/** Writes what is at `offset` outside the root, white space left out; returns the offset after it. */
function writeMisc(index: XmlIndex, output: CanonicalOutput, offset: number, comments: boolean): number {
  const { bytes } = index;
  if (bytes[offset] !== LT) return offset + 1;
  if (bytes[offset + 1] === BANG) return writeComment(output, bytes, offset, comments);
  return writeProcessingInstruction(output, bytes, offset);
}
