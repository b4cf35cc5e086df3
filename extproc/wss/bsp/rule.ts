/** What a rule of the Basic Security Profile 1.1 is here, and the questions that several rules ask. */

import type { XmlIndex } from '../../xml/xml-index.ts';

export interface BspRule {
  /** As the profile numbers it. */
  readonly id: string;
  /** What it demands, in a sentence of ours. */
  readonly text: string;
  /** Namespace and local name of the elements that it is about. */
  readonly of: readonly [namespace: string, localName: string];
  /** @returns whether the element breaks it */
  readonly broken: (index: XmlIndex, element: number) => boolean;
}

export function countOf(index: XmlIndex, parent: number, namespace: string, localName: string): number {
  return index.children(parent).filter((child) => index.is(child, namespace, localName)).length;
}

/** An attribute of no namespace; empty and absent are the same to the profile. */
export function attributeOf(index: XmlIndex, element: number, name: string): string {
  return index.attribute(element, '', name) ?? '';
}

export function isOneOf(value: string, values: readonly string[]): boolean {
  return values.includes(value);
}

/** The element of the message that a same-document reference names; -1: none, or not one. */
export function referred(index: XmlIndex, uri: string): number {
  if (!uri.startsWith('#') || uri.length === 1) return -1;
  const found = index.elementsWithId(uri.slice(1));
  return found.length === 1 ? (found[0] ?? -1) : -1;
}

/** What a SecurityTokenReference names by a Reference; -1: something else, or nothing. */
export function tokenReferred(index: XmlIndex, reference: number, wsse: string): number {
  const direct = index.child(reference, wsse, 'Reference');
  return direct === -1 ? -1 : referred(index, attributeOf(index, direct, 'URI'));
}
