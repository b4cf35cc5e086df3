/** Reading the message addressing properties of a message (WS-Addressing 1.0 Core §3.2, Submission of August 2004 §3). */

import type { XmlIndex } from '../../xml/xml-index.ts';
import { isXmlSpace } from '../../xml/values.ts';
import { AddressingInvalidError, WssError } from '../errors.ts';
import type { SoapMessage } from '../soap.ts';
import { optionalChild, textOf } from '../structure.ts';
import { NAMESPACES, REPLY, versionOf, type AddressingVersion } from './versions.ts';

/** Bytes of one IRI as it is written. */
const MAX_IRI_BYTES = 8192;
const MAX_RELATIONSHIPS = 16;

/** What a message says of itself; every text without white space around it. */
export interface Addressing {
  /** Absent: it has no such header block. */
  readonly version?: AddressingVersion;
  readonly action?: string;
  readonly to?: string;
  readonly messageId?: string;
  /** The Address of each endpoint reference. */
  readonly from?: string;
  readonly replyTo?: string;
  readonly faultTo?: string;
  readonly relatesTo: readonly Relationship[];
}

export interface Relationship {
  readonly messageId: string;
  /** An IRI, or in 2004/08 `{namespace}local`. */
  readonly type: string;
}

const NO_ADDRESSING: Addressing = { relatesTo: [] };

/** The properties that are IRIs, and those that are endpoint references. */
const IRIS: ReadonlyMap<string, 'action' | 'to' | 'messageId'> = new Map([
  ['Action', 'action'],
  ['To', 'to'],
  ['MessageID', 'messageId'],
]);
const ENDPOINTS: ReadonlyMap<string, 'from' | 'replyTo' | 'faultTo'> = new Map([
  ['From', 'from'],
  ['ReplyTo', 'replyTo'],
  ['FaultTo', 'faultTo'],
]);

/**
 * Reads the addressing headers of a message: the children of soap:Header alone, so that nothing counts that was moved
 * elsewhere. Whatever actor or role a block is for, it counts: there are receivers that do not look.
 *
 * @throws {AddressingInvalidError} when two blocks say the same property, versions are mixed, a property is empty or too
 *   long, an endpoint reference has no Address, or there are more than 16 relationships
 * @throws {InvalidStructureError} when a property holds anything but text
 */
export function readAddressing(message: SoapMessage): Addressing {
  const { index, header } = message;
  if (header === -1) return NO_ADDRESSING;
  let version: AddressingVersion | undefined;
  const found: Partial<Record<Exclude<keyof Addressing, 'version' | 'relatesTo'>, string>> = {};
  const relatesTo: Relationship[] = [];
  for (let block = index.firstChild(header); block !== -1; block = index.nextSibling(block)) {
    const own = versionOf(index, block);
    if (own === undefined) continue;
    if (version !== undefined && version !== own) throw new AddressingInvalidError('two versions of WS-Addressing');
    version = own;
    const name = index.localName(block);
    const property = IRIS.get(name) ?? ENDPOINTS.get(name);
    if (property !== undefined) {
      if (found[property] !== undefined) throw new AddressingInvalidError(`the message has more than one ${name}`);
      found[property] = iriOf(index, ENDPOINTS.has(name) ? addressOf(index, block, own) : block);
    } else if (name === 'RelatesTo') {
      if (relatesTo.length === MAX_RELATIONSHIPS)
        throw new AddressingInvalidError('the message has too many RelatesTo');
      relatesTo.push({ messageId: iriOf(index, block), type: relationshipOf(index, block, own) });
    }
  }
  if (version === undefined) return NO_ADDRESSING;
  return { version, ...found, relatesTo };
}

/**
 * The MessageID of a message, of either version.
 *
 * @returns undefined when there is none, more than one, or one that is no IRI: nobody can refer to it then
 */
export function messageIdOf({ index, header }: SoapMessage): string | undefined {
  let found = -1;
  for (let block = header === -1 ? -1 : index.firstChild(header); block !== -1; block = index.nextSibling(block)) {
    if (index.localName(block) !== 'MessageID' || versionOf(index, block) === undefined) continue;
    if (found !== -1) return undefined;
    found = block;
  }
  if (found === -1) return undefined;
  try {
    return iriOf(index, found);
  } catch (error) {
    if (error instanceof WssError) return undefined;
    throw error;
  }
}

/** The Address of an endpoint reference, which says where it is even if it is nowhere. */
function addressOf(index: XmlIndex, endpoint: number, version: AddressingVersion): number {
  const address = optionalChild(index, endpoint, NAMESPACES[version], 'Address');
  if (address === -1) throw new AddressingInvalidError(`${index.localName(endpoint)} has no Address`);
  return address;
}

function iriOf(index: XmlIndex, element: number): string {
  if (index.contentEnd(element) - index.contentStart(element) > MAX_IRI_BYTES) {
    throw new AddressingInvalidError(`${index.localName(element)} is too long`);
  }
  const text = trimmed(textOf(index, element));
  if (text === '') throw new AddressingInvalidError(`${index.localName(element)} is empty`);
  return text;
}

function relationshipOf(index: XmlIndex, block: number, version: AddressingVersion): string {
  const type = trimmed(index.attribute(block, '', 'RelationshipType') ?? '');
  if (type === '') return REPLY[version];
  if (version === '1.0') return type;
  const colon = type.indexOf(':');
  const namespace = index.namespaceOf(block, colon === -1 ? '' : type.slice(0, colon));
  if (namespace === undefined && colon !== -1)
    throw new AddressingInvalidError('RelationshipType has an unknown prefix');
  return `{${namespace ?? ''}}${type.slice(colon + 1)}`;
}

/** Without the white space of XML around it, and no other: other readers leave that. */
function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isXmlSpace(text.charCodeAt(start))) start++;
  while (end > start && isXmlSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}
