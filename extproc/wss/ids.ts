/** Ids by which signatures and reference lists name elements. */

import { randomUUID } from 'node:crypto';
import type { AddedId } from '../xml/c14n.ts';
import type { XmlIndex } from '../xml/xml-index.ts';
import { DuplicateIdError, InvalidStructureError } from './errors.ts';
import { DS, WSU, XENC } from './namespaces.ts';

/** An xs:ID that can stand behind the `#` of a URI as it is. */
const ID_PATTERN = /^[\p{L}_][\p{L}\p{N}._-]*$/u;

/** Makes the ids of one message: random, so that they collide with none in it or in another. */
export class IdAllocator {
  readonly #random = randomUUID();
  #count = 0;

  /** @param kind what the id is for, e.g. `TS` */
  next(kind: string): string {
    return `${kind}-${this.#random}-${++this.#count}`;
  }
}

/**
 * The id of an element that a signature is to cover: the one it has, or a new one that is noted in `added`.
 *
 * Elements of XML Signature and XML Encryption have an `Id` attribute of their own; all others get a wsu:Id (WSS 1.1 §4).
 *
 * @throws {DuplicateIdError} when the id it has is not its alone, so that a reference would be ambiguous
 * @throws {InvalidStructureError} when the id it has is no xs:ID
 */
export function idOfElement(index: XmlIndex, element: number, added: Map<number, AddedId>, ids: IdAllocator): string {
  const noted = added.get(element);
  if (noted !== undefined) return noted.value;
  const namespace = index.namespaceUri(element);
  const plain = namespace === DS || namespace === XENC;
  const present = (plain ? index.attribute(element, '', 'Id') : undefined) ?? index.attribute(element, WSU, 'Id');
  if (present !== undefined) {
    if (!ID_PATTERN.test(present))
      throw new InvalidStructureError('An element to be signed has an Id that is no xs:ID');
    if (index.elementsWithId(present).length !== 1) {
      throw new DuplicateIdError('An element to be signed shares its Id with another');
    }
    return present;
  }
  const value = ids.next('id');
  if (plain) added.set(element, { prefix: '', namespaceUri: '', localName: 'Id', value, declare: false });
  else added.set(element, { ...wsuPrefix(index, element), namespaceUri: WSU, localName: 'Id', value });
  return value;
}

/** The attribute that a noted id becomes in the start tag. */
export function addedIdText(id: AddedId): string {
  const declaration = id.declare ? ` xmlns:${id.prefix}="${id.namespaceUri}"` : '';
  const name = id.prefix === '' ? id.localName : `${id.prefix}:${id.localName}`;
  return `${declaration} ${name}="${id.value}"`;
}

function wsuPrefix(index: XmlIndex, element: number): { prefix: string; declare: boolean } {
  let prefix = 'wsu';
  for (let n = 1; ; n++) {
    const bound = index.namespaceOf(element, prefix);
    if (bound === WSU) return { prefix, declare: false };
    if (bound === undefined) return { prefix, declare: true };
    prefix = `wsu${n}`;
  }
}
