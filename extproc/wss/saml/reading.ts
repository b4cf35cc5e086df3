/** Strict reading of the small things in an assertion. */

import type { XmlIndex } from '../../xml/xml-index.ts';
import { parseDateTime } from '../date-time.ts';
import { SamlAssertionInvalidError } from './errors.ts';

/** Longest identifier, name or attribute value, in characters. */
const MAX_TEXT = 65_536;

/**
 * Character data of an element that holds nothing else: a comment in it, and two readers would see two names (CVE-2017-11427).
 *
 * @returns the text without the white space around it
 * @throws SamlAssertionInvalidError also when it is empty
 */
export function nameOf(index: XmlIndex, element: number): string {
  if (!index.hasOnlyText(element)) throw invalid(`${index.localName(element)} holds more than text`);
  return checkName(index.text(element), index.localName(element));
}

/** An attribute (of no namespace) that names something. @throws SamlAssertionInvalidError when it is missing or empty */
export function requiredName(index: XmlIndex, element: number, attribute: string): string {
  const value = index.attribute(element, '', attribute);
  if (value === undefined) throw invalid(`${index.localName(element)} has no ${attribute}`);
  return checkName(value, attribute);
}

function checkName(value: string, what: string): string {
  const name = withoutSpace(value);
  if (name === '') throw invalid(`${what} is empty`);
  if (name.length > MAX_TEXT) throw invalid(`${what} is too long`);
  return name;
}

/** Only what XML calls white space: a no-break space would make another name. */
function withoutSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/**
 * A point in time that an attribute holds, in UTC (SAML 2.0 Core §1.3.3, SAML 1.1 Core §1.2.2).
 *
 * @returns milliseconds since 1970; undefined when there is no such attribute
 * @throws SamlAssertionInvalidError
 */
export function timeOf(index: XmlIndex, element: number, attribute: string): number | undefined {
  const text = index.attribute(element, '', attribute);
  if (text === undefined) return undefined;
  const time = parseDateTime(text);
  if (time === undefined) throw invalid(`${attribute} is not a dateTime in UTC`);
  return time;
}

/** @returns the one child of that name, or -1. @throws SamlAssertionInvalidError when there are two */
export function atMostOne(index: XmlIndex, parent: number, namespace: string, localName: string): number {
  const first = index.child(parent, namespace, localName);
  if (first === -1) return -1;
  for (let next = index.nextSibling(first); next !== -1; next = index.nextSibling(next)) {
    if (index.is(next, namespace, localName))
      throw invalid(`${index.localName(parent)} has more than one ${localName}`);
  }
  return first;
}

/** @returns the one child of that name. @throws SamlAssertionInvalidError when there is none, or more than one */
export function exactlyOne(index: XmlIndex, parent: number, namespace: string, localName: string): number {
  const child = atMostOne(index, parent, namespace, localName);
  if (child === -1) throw invalid(`${index.localName(parent)} has no ${localName}`);
  return child;
}

export function invalid(message: string): SamlAssertionInvalidError {
  return new SamlAssertionInvalidError(`the assertion is not valid: ${message}`);
}
