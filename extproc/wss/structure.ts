/**
 * Strict reading of the small elements of a Security header: everything that must stand once stands once, and a value is
 * text and nothing else. A comment in a value, or a second element where one is meant, is how signatures were forged in
 * other implementations; here both are refused before anything is computed.
 */

import type { XmlIndex } from '../xml/xml-index.ts';
import { InvalidStructureError } from './errors.ts';

/** Longest small value (a digest, signature, certificate, nonce or name), in characters. */
const MAX_VALUE_LENGTH = 262_144;

const WHITE_SPACE = /[ \t\r\n]/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * @returns the one child of that name, or -1 when there is none
 * @throws InvalidStructureError when there are two
 */
export function optionalChild(index: XmlIndex, parent: number, namespace: string, localName: string): number {
  const first = index.child(parent, namespace, localName);
  if (first === -1) return -1;
  for (let next = index.nextSibling(first); next !== -1; next = index.nextSibling(next)) {
    if (index.is(next, namespace, localName)) {
      throw new InvalidStructureError(`${index.localName(parent)} has more than one ${localName}`);
    }
  }
  return first;
}

/**
 * @returns the one child of that name
 * @throws InvalidStructureError when there is none, or more than one
 */
export function requiredChild(index: XmlIndex, parent: number, namespace: string, localName: string): number {
  const child = optionalChild(index, parent, namespace, localName);
  if (child === -1) throw new InvalidStructureError(`${index.localName(parent)} has no ${localName}`);
  return child;
}

/** @returns the one child element, of whatever name; -1 when there is none, or more than one */
export function onlyChild(index: XmlIndex, parent: number): number {
  const child = index.firstChild(parent);
  return child === -1 || index.nextSibling(child) === -1 ? child : -1;
}

/** @throws InvalidStructureError when the attribute (of no namespace) is missing */
export function requiredAttribute(index: XmlIndex, element: number, localName: string): string {
  const value = index.attribute(element, '', localName);
  if (value === undefined) {
    throw new InvalidStructureError(`${index.localName(element)} has no attribute ${localName}`);
  }
  return value;
}

/** Character data of an element that holds nothing else, as it stands. @throws InvalidStructureError otherwise */
export function textOf(index: XmlIndex, element: number): string {
  const octets = index.includedIn(element)?.length ?? 0;
  if (index.contentEnd(element) - index.contentStart(element) + octets > MAX_VALUE_LENGTH) {
    throw new InvalidStructureError(`the value of ${index.localName(element)} is too long`);
  }
  if (!index.hasOnlyText(element)) {
    throw new InvalidStructureError(`${index.localName(element)} holds more than text`);
  }
  return index.text(element);
}

/**
 * Octets of a base64 value (RFC 4648 §4 with XML white space allowed).
 *
 * @throws InvalidStructureError when it is empty or not base64
 */
export function base64Of(index: XmlIndex, element: number): Buffer {
  const octets = decodeBase64(textOf(index, element));
  if (octets === undefined || octets.length === 0) {
    throw new InvalidStructureError(`${index.localName(element)} is not base64`);
  }
  return octets;
}

/** Decodes base64 with XML white space in it; undefined when it is not base64. */
export function decodeBase64(text: string): Buffer | undefined {
  const compact = WHITE_SPACE.test(text) ? text.replace(/[ \t\r\n]+/g, '') : text;
  if (compact.length % 4 !== 0 || !BASE64.test(compact)) return undefined;
  return Buffer.from(compact, 'base64');
}

/** The element that starts at this byte offset, or -1. Binary search: elements stand in document order. */
export function elementAt(index: XmlIndex, offset: number): number {
  let low = 0;
  let high = index.elementCount - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const start = index.start(middle);
    if (start === offset) return middle;
    if (start < offset) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
