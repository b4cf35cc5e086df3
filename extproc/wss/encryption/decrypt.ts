/** The checking side of xenc:EncryptedData and xenc:ReferenceList (XML Encryption 1.1 §4.4, WSS 1.1 §9). */

import { randomBytes } from 'node:crypto';
import { findEncryptedAttachment, isAttachmentSigned, putAttachment } from '../attachments/decrypt.ts';
import type { ByteRange } from '../byte-ranges.ts';
import { dataAlgorithms, nameOfUri, type DataAlgorithm } from '../algorithms.ts';
import {
  AlgorithmNotAcceptedError,
  DecryptionFailedError,
  EncryptedDataNotSignedError,
  InvalidStructureError,
  KeyNotAcceptedError,
  KeyNotFoundError,
  LimitError,
  ReferenceUnresolvedError,
  UnsupportedAlgorithmError,
} from '../errors.ts';
import { elementById, keyHintsOf } from '../key-info/read.ts';
import { TYPE_CONTENT, TYPE_ELEMENT, WSSE, WSSE11, XENC } from '../namespaces.ts';
import type { DecryptionSettings } from '../settings.ts';
import { isEncryptedAssertion } from '../saml/versions.ts';
import { elementAt, optionalChild, requiredChild } from '../structure.ts';
import { findSymmetricKey, type SymmetricKey } from '../symmetric-key.ts';
import type { Edit, SessionKey, Verification } from '../verification.ts';
import { readCipherValue, readDataReferences, readMethod } from './cipher-value.ts';
import { decryptOctets } from './data-cipher.ts';
import { unwrapEncryptedKey } from './unwrap-key.ts';

const MAX_ENCRYPTED_DATA = 64;
const MAX_DEPTH = 3;

/** What was decrypted, before it takes its place. */
interface Plaintext extends Edit {
  readonly depth: number;
  readonly mustBeElement: boolean;
}

/** Unwraps an EncryptedKey of the Security header and decrypts what its ReferenceList names. */
export function decryptByKey(state: Verification, settings: DecryptionSettings, encryptedKey: number): void {
  const { index } = state.message;
  const list = optionalChild(index, encryptedKey, XENC, 'ReferenceList');
  const ids = list === -1 ? [] : readDataReferences(index, list);
  const session = unwrapEncryptedKey(state, encryptedKey);
  decryptAll(state, settings, ids, session);
}

/** Decrypts what a ReferenceList of the Security header names, each with the key that its own KeyInfo names. */
export function decryptByList(state: Verification, settings: DecryptionSettings, list: number): void {
  decryptAll(state, settings, readDataReferences(state.message.index, list), undefined);
}

/**
 * Decrypts an EncryptedData child of the Security header that says itself which key it needs.
 *
 * @returns false when it does not: an EncryptedKey or ReferenceList further down may
 */
export function decryptToken(state: Verification, settings: DecryptionSettings, encryptedData: number): boolean {
  const session = keyOf(state, encryptedData);
  if (session === undefined) return false;
  replaceAll(state, [decryptOne(state, settings, encryptedData, session)]);
  return true;
}

/**
 * Decrypts a saml:EncryptedAssertion of the Security header, whose place the assertion takes (SAML 2.0 Core §2.3.4). Its key
 * stands in the EncryptedData or beside it.
 *
 * @throws KeyNotFoundError, and the errors of decryption
 */
export function decryptAssertion(state: Verification, settings: DecryptionSettings, encryptedAssertion: number): void {
  const { index } = state.message;
  const encryptedData = requiredChild(index, encryptedAssertion, XENC, 'EncryptedData');
  const beside = optionalChild(index, encryptedAssertion, XENC, 'EncryptedKey');
  const key = beside === -1 ? keyOf(state, encryptedData) : unwrapEncryptedKey(state, beside);
  if (key === undefined) throw new KeyNotFoundError('an EncryptedAssertion names no key that we have');
  replaceAll(state, [decryptOne(state, settings, encryptedData, key)]);
}

/**
 * Decrypts in rounds: all that can be found is decrypted and put in place at once, with one scan after it; what is not
 * found may have been inside of what was.
 */
function decryptAll(
  state: Verification,
  settings: DecryptionSettings,
  ids: readonly string[],
  session: SessionKey | undefined,
): void {
  let pending = [...new Set(ids)];
  while (pending.length > 0) {
    const { index } = state.message;
    const found = pending.filter((id) => index.elementsWithId(id).length > 0);
    if (found.length === 0) throw new ReferenceUnresolvedError('a DataReference names an id that no element has');
    const plaintexts = found.map((id) => {
      const element = elementById(index, id);
      if (!index.is(element, XENC, 'EncryptedData')) {
        throw new InvalidStructureError('a DataReference names something that is not EncryptedData');
      }
      const key = session ?? keyOf(state, element);
      if (key === undefined) throw new KeyNotFoundError('an EncryptedData names no key that we have');
      return decryptOne(state, settings, element, key);
    });
    replaceAll(state, plaintexts);
    pending = pending.filter((id) => !found.includes(id));
  }
}

function keyOf(state: Verification, encryptedData: number): SymmetricKey | undefined {
  for (const hint of keyHintsOf(state.message.index, encryptedData)) {
    const key = findSymmetricKey(state, hint);
    if (key !== undefined) return key;
  }
  return undefined;
}

function decryptOne(
  state: Verification,
  settings: DecryptionSettings,
  element: number,
  session: Pick<SymmetricKey, 'octets' | 'use' | 'sharedByTicket'>,
): Plaintext {
  if (++state.encryptedDataCount > MAX_ENCRYPTED_DATA) {
    throw new LimitError(`the message has more than ${MAX_ENCRYPTED_DATA} EncryptedData`);
  }
  const { index } = state.message;
  const source = state.rangeOf(element);
  const depth = state.depthOf(source) + 1;
  if (depth > MAX_DEPTH) throw new LimitError(`EncryptedData is nested more than ${MAX_DEPTH} deep`);
  const attachment = findEncryptedAttachment(state, element);
  const place = attachment === undefined ? findPlace(state, element) : placeInHeader(state, source);
  const algorithm = readAlgorithm(readMethod(index, element).uri, settings);
  checkIntegrity(state, settings, algorithm, source, attachment?.position);

  const details = dataAlgorithms[algorithm];
  // A key that was not unwrapped, or is of the wrong length, is replaced by a random one: the work and the answer are
  // those of a wrong ciphertext.
  const substitute = randomBytes(details.keyBytes);
  const secret = octetsFor(session, details.keyBytes);
  const key = secret?.length === details.keyBytes ? secret : substitute;
  const octets = attachment === undefined ? readCipherValue(index, element) : attachment.part.content();
  const plaintext = decryptOctets(details, key, octets);
  if (plaintext === undefined) throw new DecryptionFailedError('decryption failed');
  if (attachment !== undefined) {
    putAttachment(state, attachment, plaintext, details.gcm, source);
    return { ...place, source, plaintext: NOTHING, length: 0, depth };
  }
  return { ...place, source, plaintext, length: plaintext.length, depth };
}

function octetsFor(
  session: Pick<SymmetricKey, 'octets' | 'use' | 'sharedByTicket'>,
  bytes: number,
): Buffer | undefined {
  if (session.sharedByTicket === true) return session.octets?.subarray(0, bytes);
  return session.use === undefined ? session.octets : passwordKeyFor(session, bytes);
}

/** A key that is derived from a password has 20 octets: the first of them are the key where fewer are needed. */
function passwordKeyFor({ octets, use }: Pick<SymmetricKey, 'octets' | 'use'>, bytes: number): Buffer | undefined {
  if (use !== 'Encryption') throw new KeyNotAcceptedError('the Salt says that its key is for signatures');
  return octets?.subarray(0, bytes);
}

function readAlgorithm(uri: string, settings: DecryptionSettings): DataAlgorithm {
  const name = nameOfUri(dataAlgorithms, uri);
  if (name === undefined) throw new UnsupportedAlgorithmError('the data encryption algorithm is not supported');
  if (!settings.accept.dataAlgorithms.includes(name)) {
    throw new AlgorithmNotAcceptedError(`the policy does not accept ${name}`);
  }
  return name;
}

/**
 * CBC lets whoever has a ciphertext change the plaintext and watch what happens (CVE-2011-1096). So, unless the policy
 * says otherwise, it is decrypted only inside what a trusted key had signed, and that signature was verified before.
 */
function checkIntegrity(
  state: Verification,
  settings: DecryptionSettings,
  algorithm: DataAlgorithm,
  source: ByteRange,
  attachment: number | undefined,
): void {
  if (dataAlgorithms[algorithm].gcm) return;
  state.legacyAlgorithms.add(algorithm);
  if (attachment === undefined ? state.isSigned(source) : isAttachmentSigned(state, attachment, source)) return;
  if (settings.requireSignedEncryptedData) {
    throw new EncryptedDataNotSignedError(`${algorithm} ciphertext is not inside of what a verified signature covers`);
  }
  state.malleable = true;
}

const NOTHING = Buffer.alloc(0);

/** An EncryptedData whose plaintext goes into an attachment is itself gone afterwards. */
function placeInHeader(
  state: Verification,
  source: ByteRange,
): Pick<Plaintext, 'start' | 'end' | 'parent' | 'mustBeElement'> {
  return { ...source, parent: state.rangeOf(state.security), mustBeElement: false };
}

/**
 * Where the plaintext goes: in place of the EncryptedData, or of the wsse11:EncryptedHeader (WSS 1.1 §9.3) or
 * saml:EncryptedAssertion around it.
 *
 * @throws InvalidStructureError outside of Header and Body, and in a Security header that is not ours
 */
function findPlace(
  state: Verification,
  element: number,
): Pick<Plaintext, 'start' | 'end' | 'parent' | 'mustBeElement'> {
  const { index, envelope, header, body } = state.message;
  const above = index.parent(element);
  let ancestor = above;
  while (ancestor !== -1 && ancestor !== header && ancestor !== body) {
    if (index.is(ancestor, WSSE, 'Security') && ancestor !== state.security) {
      throw new InvalidStructureError('an EncryptedData is in the Security header of another actor');
    }
    ancestor = index.parent(ancestor);
  }
  if (ancestor === -1 || above === envelope) {
    throw new InvalidStructureError('an EncryptedData is neither in the Header nor in the Body');
  }
  const isHeader = above !== -1 && index.parent(above) === header && index.is(above, WSSE11, 'EncryptedHeader');
  if (isHeader && index.children(above).length > 1) {
    throw new InvalidStructureError('an EncryptedHeader holds more than one EncryptedData');
  }
  const isToken = above !== -1 && index.parent(above) === state.security && isEncryptedAssertion(index, above);
  const type = index.attribute(element, '', 'Type');
  if (type !== undefined && type !== TYPE_ELEMENT && type !== TYPE_CONTENT) {
    throw new InvalidStructureError('an EncryptedData is of a Type that is not supported');
  }
  const replaced = isHeader || isToken ? above : element;
  const parent = index.parent(replaced);
  return {
    ...state.rangeOf(replaced),
    parent: state.rangeOf(parent),
    mustBeElement: type === TYPE_ELEMENT || parent === header || parent === state.security,
  };
}

/**
 * Puts plaintexts in their places and checks that each stayed there: it was well-formed on its own, so that it did not
 * close its parent or open what closes later, and it is one element where one is meant.
 */
function replaceAll(state: Verification, plaintexts: readonly Plaintext[]): void {
  const places = state.replace(plaintexts);
  const { index } = state.message;
  plaintexts.forEach(({ mustBeElement, depth }, position) => {
    const { range, parent } = places[position];
    const element = mustBeElement ? elementAt(index, range.start) : -1;
    if (
      !index.isContentRange(range.start, range.end, parent) ||
      (mustBeElement && (element === -1 || index.end(element) !== range.end))
    ) {
      throw new DecryptionFailedError('decryption failed', {
        cause: new Error('the plaintext does not fit its place'),
      });
    }
    state.decrypted.push({ ...range, depth });
  });
}
