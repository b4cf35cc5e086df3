/** What xenc:EncryptedData and xenc:EncryptedKey have in common (XML Encryption 1.1 §3). */

import type { XmlIndex } from '../../xml/xml-index.ts';
import { InvalidStructureError } from '../errors.ts';
import { XENC } from '../namespaces.ts';
import { requiredAttribute, requiredChild } from '../structure.ts';

/** The EncryptionMethod element and its Algorithm. */
export function readMethod(index: XmlIndex, encrypted: number): { readonly element: number; readonly uri: string } {
  const element = requiredChild(index, encrypted, XENC, 'EncryptionMethod');
  return { element, uri: requiredAttribute(index, element, 'Algorithm') };
}

/**
 * The encrypted octets. A CipherReference is refused: nothing is ever fetched.
 *
 * The base64 is decoded leniently, for it can be as long as the message: a character that is none changes the octets,
 * and what changes the octets does not decrypt.
 *
 * @throws InvalidStructureError
 */
export function readCipherValue(index: XmlIndex, encrypted: number): Buffer {
  const data = requiredChild(index, encrypted, XENC, 'CipherData');
  const value = index.firstChild(data);
  if (value === -1 || index.nextSibling(value) !== -1 || !index.is(value, XENC, 'CipherValue')) {
    throw new InvalidStructureError('CipherData is not one CipherValue');
  }
  const included = index.includedIn(value);
  if (included !== undefined) return included;
  if (!index.hasOnlyText(value)) throw new InvalidStructureError('CipherValue holds more than text');
  return Buffer.from(index.textBytes(value).toString('latin1'), 'base64');
}

/** Ids that a ReferenceList names. @throws InvalidStructureError when it holds anything but DataReferences to `#id` */
export function readDataReferences(index: XmlIndex, list: number): string[] {
  const ids: string[] = [];
  for (let child = index.firstChild(list); child !== -1; child = index.nextSibling(child)) {
    const uri = index.attribute(child, '', 'URI');
    if (!index.is(child, XENC, 'DataReference') || uri === undefined || uri.length < 2 || !uri.startsWith('#')) {
      throw new InvalidStructureError('a ReferenceList holds more than references into this message');
    }
    ids.push(uri.slice(1));
  }
  return ids;
}
