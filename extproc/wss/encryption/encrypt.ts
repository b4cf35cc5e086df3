import type { SpliceEditor } from '../../xml/splice.ts';
import { expandIncludes } from '../attachments/includes.ts';
import type { IdAllocator } from '../ids.ts';
import { WSSE11, WSU } from '../namespaces.ts';
import type { SecurityHeader } from '../security-header.ts';
import { freePrefix, openedTag } from '../soap-header.ts';
import type { SoapMessage } from '../soap.ts';
import { createEncryptedData, type DataKey } from './encrypted-data.ts';

/** An element of the message that is to be encrypted. */
export interface EncryptionTarget {
  readonly element: number;
  readonly mode: 'Content' | 'Element';
  /** Id that its EncryptedData gets. */
  readonly dataId: string;
}

/** What stands in the message where an element was, or where its content was. */
export interface Replacement {
  readonly element: number;
  /** Whether the element is still there, with other content. */
  readonly content: boolean;
  /** Id of the EncryptedData or of the EncryptedHeader around it. */
  readonly id: string;
}

/**
 * Drops targets that lie inside another target: they are encrypted with it.
 *
 * @returns the others in document order
 */
export function outermost<Target extends { readonly element: number; readonly mode: 'Content' | 'Element' }>(
  message: SoapMessage,
  targets: readonly Target[],
): Target[] {
  const { index } = message;
  // Of two parts with the same element, Element is the larger one.
  const sorted = targets.toSorted(
    (a, b) => a.element - b.element || (a.mode === b.mode ? 0 : a.mode === 'Element' ? -1 : 1),
  );
  const kept: Target[] = [];
  let end = 0;
  for (const target of sorted) {
    if (target.element < end) continue;
    kept.push(target);
    end = index.subtreeEnd(target.element);
  }
  return kept;
}

/**
 * Encrypts elements or their content in place (WSS 1.1 §9). A whole header block becomes a wsse11:EncryptedHeader with
 * the mustUnderstand and actor of the Security header (§9.3).
 *
 * @param editor edits of the message; what was edited inside a target is encrypted as edited
 * @param targets as {@link outermost} returns them
 * @returns what now stands for each target
 */
export function encryptElements(
  message: SoapMessage,
  editor: SpliceEditor,
  targets: readonly EncryptionTarget[],
  dataKey: DataKey,
  security: SecurityHeader,
  ids: IdAllocator,
): Replacement[] {
  const { index } = message;
  return targets.map(({ element, mode, dataId }) => {
    const end = index.end(element);
    if (message.includes !== undefined) expandIncludes(message, editor, element);
    if (mode === 'Content') {
      if (index.isEmptyTag(element)) {
        const data = createEncryptedData(Buffer.alloc(0), mode, dataId, dataKey);
        editor.replace(end - 2, end, openedTag(index, element, data));
      } else {
        const start = index.contentStart(element);
        const contentEnd = index.contentEnd(element);
        const data = createEncryptedData(editor.slice(start, contentEnd), mode, dataId, dataKey);
        if (start === contentEnd) editor.insert(start, data);
        else editor.replace(start, contentEnd, data);
      }
      return { element, content: true, id: dataId };
    }
    const start = index.start(element);
    const data = createEncryptedData(editor.slice(start, end), mode, dataId, dataKey);
    if (index.parent(element) !== message.header || message.header === -1) {
      editor.replace(start, end, data);
      return { element, content: false, id: dataId };
    }
    const id = ids.next('EH');
    editor.replace(start, end, encryptedHeader(data, id, security));
    return { element, content: false, id };
  });
}

function encryptedHeader(data: Buffer, id: string, security: SecurityHeader): Buffer {
  // The header block inside is read back in the scope of this element: no prefix it uses may change its meaning.
  const wsse11 = freePrefix(security.headerScope, 'wsse11', WSSE11);
  const wsu = freePrefix(security.headerScope, 'wsu', WSU);
  const startTag =
    `<${wsse11}:EncryptedHeader xmlns:${wsse11}="${WSSE11}" xmlns:${wsu}="${WSU}"${security.soapAttributes} ` +
    `${wsu}:Id="${id}">`;
  return Buffer.concat([Buffer.from(startTag), data, Buffer.from(`</${wsse11}:EncryptedHeader>`)]);
}
