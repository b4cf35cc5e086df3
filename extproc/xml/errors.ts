/** Every way a document can be refused by the scanner or the canonicalizer, one class each with a stable `code`. */

/** Base of all refusals on grounds of XML. */
export abstract class XmlError extends Error {
  /** Stable and machine readable, e.g. `ERR_XML_NOT_WELL_FORMED`. */
  abstract readonly code: string;
  /** Byte offset in the document where the fault was seen. */
  readonly offset: number;

  /** @param problem what is wrong; never holds content of the document beyond a name */
  constructor(problem: string, offset: number) {
    super(`${problem} at byte ${offset}`);
    this.offset = offset;
  }

  override get name(): string {
    return this.constructor.name;
  }
}

/** XML 1.0 (5th edition) well-formedness, or a constraint of Namespaces in XML 1.0. */
export class NotWellFormedError extends XmlError {
  readonly code = 'ERR_XML_NOT_WELL_FORMED';
}
/** One of {@link XmlLimits} is exceeded. */
export class XmlLimitError extends XmlError {
  readonly code = 'ERR_XML_LIMIT';
}
/** A document type declaration: never accepted, so no entity is ever expanded and no DTD fetched (SOAP 1.2 §5). */
export class DoctypeRefusedError extends XmlError {
  readonly code = 'ERR_XML_DOCTYPE';
}
/** Not UTF-8, or declared to be something else. */
export class EncodingError extends XmlError {
  readonly code = 'ERR_XML_ENCODING';
}
/** An XML declaration of another version than 1.0. */
export class XmlVersionError extends XmlError {
  readonly code = 'ERR_XML_VERSION';
}
/** The text of an element was asked for that holds elements, comments or processing instructions. */
export class NotTextError extends XmlError {
  readonly code = 'ERR_XML_NOT_TEXT';
}
/** No canonical form exists: a namespace in scope has a relative URI (Canonical XML 1.0 §1.3). */
export class C14nError extends XmlError {
  readonly code = 'ERR_XML_C14N';
}
