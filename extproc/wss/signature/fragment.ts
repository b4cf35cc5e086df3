import { escapeAttribute } from '../../xml/escape.ts';
import { scan } from '../../xml/scan.ts';
import type { XmlIndex } from '../../xml/xml-index.ts';
import type { Block } from '../blocks.ts';
import { OWN_LIMITS } from '../own-limits.ts';
import { XML } from '../namespaces.ts';
import type { SecurityHeader } from '../security-header.ts';
import type { SoapMessage } from '../soap.ts';

/** Blocks of a Security header, scanned as if they stood in the message already. */
export interface Fragment {
  readonly index: XmlIndex;
  /** The element of each block. */
  readonly elements: readonly number[];
}

/**
 * Scans blocks in the namespace context they will have, so that any canonicalization of them gives what a receiver gets.
 *
 * @param inclusive whether a canonicalization will be inclusive: only then the xml: attributes of the elements around count
 */
export function scanBlocks(
  message: SoapMessage,
  security: SecurityHeader,
  blocks: readonly Block[],
  inclusive: boolean,
): Fragment {
  let open = '';
  let close = '';
  let depth = 0;
  if (inclusive) {
    for (const element of [message.envelope, message.header, security.existing]) {
      const attributes = element === -1 ? '' : xmlAttributes(message.index, element);
      if (attributes === '') continue;
      open += `<outer${attributes}>`;
      close = `</outer>${close}`;
      depth++;
    }
  }
  // In an existing header the blocks' parent is there already, and `scope` says all that it declares.
  open += security.existing === -1 ? security.startTag : '<outer>';
  close = (security.existing === -1 ? '</wsse:Security>' : '</outer>') + close;
  let text = open;
  for (const block of blocks) text += block.text;
  const namespaces = security.existing === -1 ? security.headerScope : security.scope;
  const index = scan(Buffer.from(text + close), { limits: OWN_LIMITS, namespaces });
  return { index, elements: index.children(depth) };
}

function xmlAttributes(index: XmlIndex, element: number): string {
  let text = '';
  for (const attribute of index.attributes(element)) {
    if (attribute.namespaceUri === XML) text += ` xml:${attribute.localName}="${escapeAttribute(attribute.value)}"`;
  }
  return text;
}
