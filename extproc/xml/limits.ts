/** Bounds on what the scanner accepts. Each is an inclusive maximum; a document beyond one is refused. */
export interface XmlLimits {
  /** Bytes of the whole document. */
  readonly maxBytes: number;
  /** Nested elements; the root counts as one. */
  readonly maxDepth: number;
  /** Elements of the whole document. */
  readonly maxElements: number;
  /** Attributes of one element, namespace declarations not counted. */
  readonly maxAttributes: number;
  /** Namespace declarations of one element. */
  readonly maxNamespaces: number;
  /** Attributes and namespace declarations of the whole document. */
  readonly maxTotalAttributes: number;
  /** Bytes of one qualified name. */
  readonly maxNameLength: number;
  /** Bytes of one run of text, CDATA section, comment, processing instruction or attribute value. */
  readonly maxTextLength: number;
}

/** What a policy gets that sets nothing: a 10 MiB message of everyday shape passes. */
export const DEFAULT_LIMITS: XmlLimits = {
  maxBytes: 10 * 1024 * 1024,
  maxDepth: 100,
  maxElements: 200_000,
  maxAttributes: 64,
  maxNamespaces: 64,
  maxTotalAttributes: 400_000,
  maxNameLength: 256,
  maxTextLength: 10 * 1024 * 1024,
};
