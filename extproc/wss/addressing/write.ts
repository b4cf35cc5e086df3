/** WS-Addressing headers, written before a message is secured so that they can be signed. */

import { escapeAttribute, escapeText } from '../../xml/escape.ts';
import { SpliceEditor } from '../../xml/splice.ts';
import { isAddressing, NAMESPACES } from './versions.ts';
import { ADDRESSING_DEFAULT, type AddressingSettings } from '../settings.ts';
import type { SoapMessage } from '../soap.ts';
import { insertHeaderBlocks, soapAttributes } from '../soap-header.ts';

/** What the exchange gives for each field that the policy leaves at `Default`. */
export interface AddressingValues {
  /** The SOAPAction of the message. Absent or empty: it has none, and no Action is written. */
  readonly action?: string;
  /** The address the message goes to. Absent: no To is written. */
  readonly to?: string;
  /** MessageID of the message that this one answers. Absent: it had none, and no RelatesTo is written. */
  readonly relatesTo?: string;
  /** A new `urn:uuid:`. */
  readonly messageId: string;
}

/**
 * Writes the message addressing properties of a policy as header blocks (WS-Addressing 1.0 SOAP Binding §3.2, or the
 * submission of August 2004 §3), each in place of those of its kind, of either version, that the message has.
 *
 * @returns the message with them; the bytes it came with when there is nothing to write
 */
export function addAddressing(message: SoapMessage, settings: AddressingSettings, values: AddressingValues): Buffer {
  const { index, version, header, envelope } = message;
  const namespace = NAMESPACES[settings.version];
  const mustUnderstand: [string, string][] = settings.mustUnderstand
    ? [['mustUnderstand', version === '1.1' ? '1' : 'true']]
    : [];
  const scope = index.namespacesInScope(header === -1 ? envelope : header);
  const attributes = ` xmlns:wsa="${namespace}"${soapAttributes(message, scope, mustUnderstand)}`;

  const written = new Set<string>();
  let blocks = '';
  const write = (name: string, value: string | undefined, endpoint: boolean, own = '') => {
    if (value === undefined || value === '') return;
    const text = escapeText(value);
    const content = endpoint ? `<wsa:Address>${text}</wsa:Address>` : text;
    blocks += `<wsa:${name}${attributes}${own}>${content}</wsa:${name}>`;
    written.add(name);
  };
  write('Action', settings.action === ADDRESSING_DEFAULT ? values.action : settings.action, false);
  write('MessageID', settings.messageId === ADDRESSING_DEFAULT ? values.messageId : settings.messageId, false);
  write('To', settings.to === ADDRESSING_DEFAULT ? values.to : settings.to, false);
  write('From', settings.from, true);
  write('ReplyTo', settings.replyTo, true);
  write('FaultTo', settings.faultTo, true);
  const relatesTo = settings.relatesTo === ADDRESSING_DEFAULT ? values.relatesTo : settings.relatesTo;
  write('RelatesTo', relatesTo, false, relationshipAttribute(settings));
  if (blocks === '') return index.bytes;

  const editor = new SpliceEditor(index.bytes);
  for (const child of header === -1 ? [] : index.children(header)) {
    if (isAddressing(index, child) && written.has(index.localName(child)))
      editor.remove(index.start(child), index.end(child));
  }
  insertHeaderBlocks(editor, message, blocks);
  return editor.toBuffer();
}

/** `{namespace}local`, as qualified names are written everywhere in a policy. */
const QUALIFIED_NAME = /^\{([^{}]*)\}([^{}:]+)$/;

/** Version 1.0 names a relationship by an IRI, that of 2004 by a qualified name; none means a reply in both. */
function relationshipAttribute({ version, relationshipType }: AddressingSettings): string {
  if (relationshipType === undefined) return '';
  const qualified = version === '2004/08' ? QUALIFIED_NAME.exec(relationshipType) : null;
  if (qualified === null) return ` RelationshipType="${escapeAttribute(relationshipType)}"`;
  const [, namespace, local] = qualified;
  if (namespace === '') return ` RelationshipType="${escapeAttribute(local)}"`;
  return ` xmlns:rel="${escapeAttribute(namespace)}" RelationshipType="rel:${escapeAttribute(local)}"`;
}
