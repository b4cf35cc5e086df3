/** Writing into soap:Header, whatever the message has of it. */

import { escapeAttribute } from '../xml/escape.ts';
import type { SpliceEditor } from '../xml/splice.ts';
import type { XmlIndex } from '../xml/xml-index.ts';
import { SOAP11, SOAP12 } from './namespaces.ts';
import type { SoapMessage } from './soap.ts';

/** Prefixes that our own elements declare: never the ones that soap attributes of such an element use. */
const OWN_PREFIXES: ReadonlySet<string> = new Set(['', 'wsa', 'wsse', 'wsse11', 'wsu']);

/** Puts header blocks before those that are there; a message without soap:Header gets one. */
export function insertHeaderBlocks(editor: SpliceEditor, message: SoapMessage, blocks: string): void {
  const { index, header, envelope, body } = message;
  if (header !== -1) {
    insertContent(editor, index, header, blocks, '');
    return;
  }
  const prefix = index.prefix(envelope);
  const name = prefix === '' ? 'Header' : `${prefix}:Header`;
  editor.insert(index.start(body), `<${name}>${blocks}</${name}>`);
}

/** Adds to the start and the end of an element's content; an empty-element tag is opened for it. */
export function insertContent(
  editor: SpliceEditor,
  index: XmlIndex,
  element: number,
  first: string,
  last: string,
): void {
  if (index.isEmptyTag(element)) {
    editor.replace(index.end(element) - 2, index.end(element), openedTag(index, element, Buffer.from(first + last)));
    return;
  }
  if (first.length > 0) editor.insert(index.contentStart(element), first);
  if (last.length > 0) editor.insert(index.contentEnd(element), last);
}

/** What replaces the `/>` of an empty-element tag that is to have content. */
export function openedTag(index: XmlIndex, element: number, content: Buffer): Buffer {
  const start = index.start(element) + 1;
  const name = index.bytes.subarray(start, index.tagNameEnd(element));
  return Buffer.concat([Buffer.from('>'), content, Buffer.from('</'), name, Buffer.from('>')]);
}

/**
 * A prefix for a namespace where the bindings of `scope` hold: `preferred` if that does not hide another namespace,
 * otherwise `preferred` with a number.
 */
export function freePrefix(scope: ReadonlyMap<string, string>, preferred: string, namespaceUri: string): string {
  let prefix = preferred;
  for (let n = 1; ; n++) {
    const bound = scope.get(prefix);
    if (bound === undefined || bound === namespaceUri) return prefix;
    prefix = preferred + n;
  }
}

/**
 * Attributes of the SOAP namespace as text for the start tag of a header block, with a declaration when no usable prefix
 * is in scope.
 *
 * @param scope namespaces in scope for the children of soap:Header
 * @param attributes local names and values
 */
export function soapAttributes(
  message: SoapMessage,
  scope: ReadonlyMap<string, string>,
  attributes: readonly (readonly [string, string])[],
): string {
  if (attributes.length === 0) return '';
  const soap = message.version === '1.1' ? SOAP11 : SOAP12;
  let prefix: string | undefined = message.index.prefix(message.envelope);
  if (OWN_PREFIXES.has(prefix) || scope.get(prefix) !== soap) {
    prefix = [...scope.keys()].find((candidate) => scope.get(candidate) === soap && !OWN_PREFIXES.has(candidate));
  }
  let text = '';
  if (prefix === undefined) {
    prefix = freePrefix(scope, 'soap', soap);
    text = ` xmlns:${prefix}="${soap}"`;
  }
  for (const [name, value] of attributes) text += ` ${prefix}:${name}="${escapeAttribute(value)}"`;
  return text;
}
