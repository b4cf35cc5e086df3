/** XOP (XML-binary Optimized Packaging 1.0): elements that stand for the base64 of a part of the message. */

import type { SpliceEditor } from '../../xml/splice.ts';
import type { XmlIndex } from '../../xml/xml-index.ts';
import { XopError } from '../errors.ts';
import { XOP } from '../namespaces.ts';
import type { SoapMessage } from '../soap.ts';
import type { Attachments } from './attachments.ts';

/**
 * Finds every xop:Include of a message and lets it stand for its part: whoever reads a text or digests an element sees
 * the base64, which is nowhere written out.
 *
 * @param maxBytes octets that all of them may stand for, one part named twice counting twice
 * @returns position of the part by element, in document order
 * @throws XopError for one that is not empty, not alone in its parent, or does not name an attachment of this message
 */
export function resolveIncludes(
  index: XmlIndex,
  attachments: Attachments,
  maxBytes: number,
): ReadonlyMap<number, number> {
  const positions = new Map<number, number>();
  const octets = new Map<number, Buffer>();
  let total = 0;
  for (let element = 0; element < index.elementCount; element++) {
    if (!index.is(element, XOP, 'Include')) continue;
    const position = readInclude(index, element, attachments);
    const content = attachments.parts[position].content();
    total += content.length;
    if (total > maxBytes) throw new XopError(`the xop:Includes stand for more than ${maxBytes} bytes`);
    positions.set(element, position);
    octets.set(element, content);
    attachments.markIncluded(position);
  }
  if (octets.size > 0) index.include(octets);
  return positions;
}

/** Writes the base64 out in the place of every xop:Include in an element: what is encrypted leaves nothing outside. */
export function expandIncludes({ index, includes }: SoapMessage, editor: SpliceEditor, element: number): void {
  for (const include of includes?.keys() ?? []) {
    if (include <= element || include >= index.subtreeEnd(element)) continue;
    editor.replace(index.start(include), index.end(include), index.included?.get(include)?.toString('base64') ?? '');
  }
}

function readInclude(index: XmlIndex, element: number, attachments: Attachments): number {
  const parent = index.parent(element);
  const alone =
    parent !== -1 &&
    index.contentStart(parent) === index.start(element) &&
    index.contentEnd(parent) === index.end(element) &&
    index.contentStart(element) === index.contentEnd(element);
  if (!alone) throw new XopError('an xop:Include is not empty, or not all that its parent holds');
  const [href, ...others] = index.attributes(element);
  if (href?.localName !== 'href' || href.namespaceUri !== '' || others.length > 0) {
    throw new XopError('an xop:Include has other attributes than href');
  }
  const position = attachments.find(href.value);
  if (position === undefined) throw new XopError('an xop:Include does not name an attachment of this message');
  return position;
}
