/** The versions of WS-Addressing: the Recommendation 1.0, and the Submission of August 2004 that older services speak. */

import type { XmlIndex } from '../../xml/xml-index.ts';
import type { AddressingSettings } from '../settings.ts';

export type AddressingVersion = AddressingSettings['version'];

export const NAMESPACES: Readonly<Record<AddressingVersion, string>> = {
  '1.0': 'http://www.w3.org/2005/08/addressing',
  '2004/08': 'http://schemas.xmlsoap.org/ws/2004/08/addressing',
};

const VERSIONS: ReadonlyMap<string, AddressingVersion> = new Map([
  [NAMESPACES['1.0'], '1.0'],
  [NAMESPACES['2004/08'], '2004/08'],
]);

/** The relationship of a reply to its request: an IRI in 1.0 (Core §3.1), a qualified name in 2004/08 (§3). */
export const REPLY: Readonly<Record<AddressingVersion, string>> = {
  '1.0': `${NAMESPACES['1.0']}/reply`,
  '2004/08': `{${NAMESPACES['2004/08']}}Reply`,
};

/** Addresses by which a reply goes nowhere but back on the connection that the request came on, or nowhere at all. */
export const HARMLESS_ADDRESSES: Readonly<Record<AddressingVersion, readonly string[]>> = {
  '1.0': [`${NAMESPACES['1.0']}/anonymous`, `${NAMESPACES['1.0']}/none`],
  '2004/08': [`${NAMESPACES['2004/08']}/role/anonymous`],
};

/** The version that an element belongs to, or undefined. */
export function versionOf(index: XmlIndex, element: number): AddressingVersion | undefined {
  return VERSIONS.get(index.namespaceUri(element));
}

export function isAddressing(index: XmlIndex, element: number): boolean {
  return versionOf(index, element) !== undefined;
}
