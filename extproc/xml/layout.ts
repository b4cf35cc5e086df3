/**
 * The flat tables of an {@link XmlIndex}: rows of 32-bit integers in one typed array each, so that a document costs a
 * few allocations however many elements it has.
 *
 * Modules on the path of every byte copy these constants into constants of their own: optimized code then has them as
 * literals, while it loads an imported one from memory each time.
 */

// A row for each element, in document order.
export const ELEMENT_STRIDE = 11;
/** Offset of `<` of the start tag. */
export const E_START = 0;
/** Token of the qualified name. */
export const E_NAME = 1;
/** Token of the namespace name; {@link NO_TOKEN} if it is in none. */
export const E_URI = 2;
export const E_CONTENT_START = 3;
export const E_CONTENT_END = 4;
export const E_END = 5;
/** -1 for the root. */
export const E_PARENT = 6;
/** First element after the descendants. */
export const E_SUBTREE_END = 7;
/** Row of the first attribute; the last is found from the next element. */
export const E_ATTRIBUTES = 8;
/** Row of the first namespace declaration; the last is found from the next element. */
export const E_DECLARATIONS = 9;
export const E_FLAGS = 10;

/** `<a/>` */
export const F_EMPTY_TAG = 1;
export const F_HAS_DECLARATIONS = 2;
export const F_HAS_PREFIXED_ATTRIBUTES = 4;
/** The tag is as Canonical XML would write it, which declarations it has and whether it is `<a/>` set aside. */
export const F_CANONICAL_TAG = 8;
/** A comment or processing instruction somewhere below. */
export const F_COMMENT_OR_PI = 16;
/** The content has, directly, a reference, a carriage return or a CDATA section: text is not the raw bytes. */
export const F_ENCODED_TEXT = 32;
/** An attribute of the namespace http://www.w3.org/XML/1998/namespace. */
export const F_XML_ATTRIBUTES = 64;

// A row for each attribute that is no namespace declaration, in document order.
export const ATTRIBUTE_STRIDE = 6;
export const A_NAME = 0;
export const A_URI = 1;
/** Offset of the name. */
export const A_START = 2;
export const A_VALUE_START = 3;
/** Offset of the closing quote. */
export const A_VALUE_END = 4;
/** 1: the value has references or white space other than spaces, so it is not the raw bytes. */
export const A_ENCODED = 5;

// A row for each namespace declaration, in document order.
export const DECLARATION_STRIDE = 4;
export const D_PREFIX = 0;
export const D_URI = 1;
/** Binding of the prefix outside the element; {@link UNBOUND} if none. */
export const D_OUTER_URI = 2;
/** Offset of the name. */
export const D_START = 3;

/** Prefix without a namespace. */
export const UNBOUND = -1;

// A row for each stretch of content between two tags that Canonical XML writes differently.
export const ROUGH_STRIDE = 2;
export const R_START = 0;
/** Negative: complement of the offset, and the stretch is white space in an end tag. */
export const R_END = 1;

// A row for each distinct string of bytes that is a name, a prefix, a local name or a namespace name.
export const TOKEN_STRIDE = 10;
/** Offset in the document; negative: complement of the place in `TokenTable.foreign`. */
export const T_OFFSET = 0;
export const T_LENGTH = 1;
/** 1 once the token is known to be a qualified name and the next two columns are filled. */
export const T_IS_QNAME = 2;
export const T_PREFIX = 3;
export const T_LOCAL = 4;
/** While scanning: token of the namespace name that this prefix is bound to. */
export const T_BINDING = 5;
/** 1: a local name that identifiers have, or a qualified name with such a local name. */
export const T_IS_ID = 6;
// What followed this name last time, plus one: the first guess for what follows it next time.
/** While scanning: name of the first child element. */
export const T_CHILD = 7;
/** While scanning: name of the element after this one. */
export const T_SIBLING = 8;
/** While scanning: name of the attribute after this element or attribute name. */
export const T_ATTRIBUTE = 9;

/** Tokens that every document has. */
export const NO_TOKEN = 0;
export const TOKEN_XML = 1;
export const TOKEN_XMLNS = 2;
export const TOKEN_XML_URI = 3;
export const TOKEN_XMLNS_URI = 4;
