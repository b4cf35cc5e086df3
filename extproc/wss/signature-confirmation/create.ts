import { escapeAttribute } from '../../xml/escape.ts';
import type { ElementText } from '../element-text.ts';
import { WSSE11, WSU } from '../namespaces.ts';

/**
 * Writes a wsse11:SignatureConfirmation (WSS 1.1 §8.5).
 *
 * @param value base64 SignatureValue of the request; undefined says that the request was not signed
 * @param id the wsu:Id
 */
export function createSignatureConfirmation(value: string | undefined, id: string): ElementText {
  const attribute = value === undefined ? '' : ` Value="${escapeAttribute(value)}"`;
  const rest = `${attribute} wsu:Id="${id}"></wsse11:SignatureConfirmation>`;
  return { name: 'wsse11:SignatureConfirmation', rest, namespaces: NAMESPACES };
}

const NAMESPACES = [
  ['wsse11', WSSE11],
  ['wsu', WSU],
] as const;
