import { SpliceEditor } from '../../xml/splice.ts';
import { securityHeaders, type SoapMessage } from '../soap.ts';

/**
 * The message without the Security headers of an actor: what a sender has written there, and nobody verified, must not
 * stand beside the assertion by which we vouch for him.
 *
 * @param actor absent: the ultimate receiver
 * @returns the message's own bytes where it has none
 */
export function withoutSecurityHeaders(message: SoapMessage, actor: string | undefined): Buffer {
  const { index } = message;
  const headers = securityHeaders(message, actor);
  if (headers.length === 0) return index.bytes;
  const editor = new SpliceEditor(index.bytes);
  for (const header of headers) editor.remove(index.start(header), index.end(header));
  return editor.toBuffer();
}
