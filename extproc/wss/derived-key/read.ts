/** The checking side of wsc:DerivedKeyToken (WS-SecureConversation 1.3 and of February 2005, §8). */

import type { XmlIndex } from '../../xml/xml-index.ts';
import { InvalidStructureError, InvalidTokenError, KeyNotFoundError, UnsupportedTokenError } from '../errors.ts';
import { readTokenReference } from '../key-info/read.ts';
import { WSSE } from '../namespaces.ts';
import { base64Of, optionalChild, requiredChild, textOf } from '../structure.ts';
import { findSymmetricKey, type SymmetricKey } from '../symmetric-key.ts';
import type { Verification } from '../verification.ts';
import { DEFAULT_LABEL, deriveKey } from './derive.ts';

/** A key of fewer bits could be guessed by whoever makes up a token that asks for so few of somebody else's. */
const MIN_LENGTH = 16;
const MAX_LENGTH = 64;
const DEFAULT_LENGTH = 32;
/** Bytes of key material before those that are wanted. */
const MAX_OFFSET = 1024;
const MAX_LABEL_CHARACTERS = 256;
const MAX_NONCE_BYTES = 256;

/**
 * Derives the key of a DerivedKeyToken: P_SHA1 over Label and Nonce with the key of the token that it refers to.
 *
 * @returns undefined when it refers to no key that we know; without octets, when that key could not be unwrapped
 * @throws InvalidTokenError, InvalidStructureError, UnsupportedTokenError, KeyNotFoundError when it names no key at all, and the
 *   errors of the token that it refers to
 */
export function readDerivedKey(state: Verification, element: number): SymmetricKey | undefined {
  const { index } = state.message;
  const wsc = index.namespaceUri(element);
  checkAlgorithm(index, element, wsc);
  if (index.child(element, wsc, 'Properties') !== -1) {
    throw new UnsupportedTokenError('a DerivedKeyToken with Properties is not supported');
  }
  const length = readNumber(index, optionalChild(index, element, wsc, 'Length')) ?? DEFAULT_LENGTH;
  if (length < MIN_LENGTH || length > MAX_LENGTH) {
    throw new InvalidTokenError(`a derived key is not of ${MIN_LENGTH} to ${MAX_LENGTH} bytes`);
  }
  const offset = readOffset(index, element, wsc, length);
  const label = optionalChild(index, element, wsc, 'Label');
  const labelText = label === -1 ? DEFAULT_LABEL : textOf(index, label) || DEFAULT_LABEL;
  if (labelText.length > MAX_LABEL_CHARACTERS)
    throw new InvalidTokenError('the Label of a DerivedKeyToken is too long');
  const nonce = base64Of(index, requiredChild(index, element, wsc, 'Nonce'));
  if (nonce.length > MAX_NONCE_BYTES) throw new InvalidTokenError('the Nonce of a DerivedKeyToken is too long');

  const base = findBase(state, element);
  if (base === undefined) return undefined;
  const octets = base.octets && deriveKey(base.octets, { label: labelText, nonce, offset, length });
  return { octets, proof: base.proof };
}

/** The key that others are derived from. It is none that was derived itself: nobody does so, and it would have no end. */
function findBase(state: Verification, element: number): SymmetricKey | undefined {
  const { index } = state.message;
  const reference = optionalChild(index, element, WSSE, 'SecurityTokenReference');
  if (reference === -1) throw new KeyNotFoundError('a DerivedKeyToken does not say what it is derived from');
  for (const hint of readTokenReference(index, reference)) {
    if (hint.kind === 'derivedKey') {
      throw new UnsupportedTokenError('a key that is derived from a derived key is not supported');
    }
    const base = findSymmetricKey(state, hint);
    if (base !== undefined) return base;
  }
  return undefined;
}

function checkAlgorithm(index: XmlIndex, element: number, wsc: string): void {
  // The schema has it without a namespace; some write it in that of WS-SecureConversation.
  const algorithm = index.attribute(element, '', 'Algorithm') ?? index.attribute(element, wsc, 'Algorithm');
  if (algorithm !== undefined && algorithm !== `${wsc}/dk/p_sha1`) {
    throw new UnsupportedTokenError('the algorithm of a DerivedKeyToken is not supported');
  }
}

/** Bytes to leave out: Offset, or as many keys of this length as Generation says. */
function readOffset(index: XmlIndex, element: number, wsc: string, length: number): number {
  const offset = readNumber(index, optionalChild(index, element, wsc, 'Offset'));
  const generation = readNumber(index, optionalChild(index, element, wsc, 'Generation'));
  if (offset !== undefined && generation !== undefined) {
    throw new InvalidStructureError('a DerivedKeyToken has both Offset and Generation');
  }
  const bytes = offset ?? (generation ?? 0) * length;
  if (bytes > MAX_OFFSET) throw new InvalidTokenError('the Offset or Generation of a DerivedKeyToken is too large');
  return bytes;
}

function readNumber(index: XmlIndex, element: number): number | undefined {
  if (element === -1) return undefined;
  const text = textOf(index, element).trim();
  if (!/^\d{1,9}$/.test(text)) throw new InvalidTokenError('a DerivedKeyToken holds a number that is none');
  return Number(text);
}
