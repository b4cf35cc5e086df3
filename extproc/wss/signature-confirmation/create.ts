import { escapeAttribute } from '../../xml/escape.ts';
import { WSSE11 } from '../namespaces.ts';

/**
 * Writes a wsse11:SignatureConfirmation (WSS 1.1 §8.5).
 *
 * @param value base64 SignatureValue of the request; undefined says that the request was not signed
 * @param id the wsu:Id
 * @param declarations namespace declarations of the prefixes `wsse` and `wsu`, where they are not in scope
 */
export function createSignatureConfirmation(value: string | undefined, id: string, declarations: string): string {
  const attribute = value === undefined ? '' : ` Value="${escapeAttribute(value)}"`;
  return (
    `<wsse11:SignatureConfirmation xmlns:wsse11="${WSSE11}"${declarations}${attribute} wsu:Id="${id}">` +
    `</wsse11:SignatureConfirmation>`
  );
}
