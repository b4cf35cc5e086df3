/** What a message needs for its encryption: decided and made before anything in it is changed. */

import { createSecretKey } from 'node:crypto';
import { blockText, type Block } from '../blocks.ts';
import { PartMissingError } from '../errors.ts';
import type { ExchangeState } from '../exchange-state.ts';
import type { IdAllocator } from '../ids.ts';
import { encryptedKeyReference } from '../key-info/create.ts';
import type { Part, SecureSettings } from '../settings.ts';
import type { SoapMessage } from '../soap.ts';
import type { FoundParts } from '../targets.ts';
import { createEncryptedKey, createReferenceList, dataAlgorithmOf, type EncryptedKey } from './create-key.ts';
import { outermost, type EncryptionTarget } from './encrypt.ts';
import { createEncryptedData, type DataKey } from './encrypted-data.ts';

/** A symmetric key for this message, and all that it encrypts. */
export interface Encryption {
  readonly encryptedKey: EncryptedKey;
  readonly dataKey: DataKey;
  readonly targets: readonly EncryptionTarget[];
  /** Blocks of ours that are encrypted: mode and Id of the EncryptedData. */
  readonly own: ReadonlyMap<Block['kind'], { readonly mode: Part['mode']; readonly dataId: string }>;
}

/**
 * Makes the key of a message and decides what it encrypts.
 *
 * @param found the parts that the policy wants encrypted
 * @returns undefined when there is nothing to encrypt, and no signature that needs the key
 * @throws the errors of {@link createEncryptedKey}
 */
export function prepareEncryption(
  message: SoapMessage,
  settings: SecureSettings,
  exchange: ExchangeState,
  found: FoundParts,
  ids: IdAllocator,
): Encryption | undefined {
  const { encryption, signature } = settings;
  if (encryption === undefined) return undefined;
  const targets = outermost(message, found.elements).map((target) => ({ ...target, dataId: ids.next('ED') }));
  const own = new Map<Block['kind'], { mode: Part['mode']; dataId: string }>();
  for (const [part, mode] of found.own) {
    const issued = part === 'Assertion' || (part === 'Token' && settings.securityToken);
    const kind = issued ? 'IssuedToken' : part;
    own.set(kind, { mode, dataId: ids.next('ED') });
  }
  if (targets.length + own.size === 0 && signature?.keyIdentifier !== 'EncryptedKeySHA1') return undefined;
  const encryptedKey = createEncryptedKey(encryption, exchange, ids);
  const dataKey = {
    key: createSecretKey(encryptedKey.key),
    algorithm: dataAlgorithmOf(encryption),
    keyInfo: encryptedKeyReference(encryptedKey.id),
  };
  return { encryptedKey, dataKey, targets, own };
}

/** The EncryptedKey with its ReferenceList, apart from each other when the signature is made with the key in between. */
export function keyBlocks(settings: SecureSettings, encryption: Encryption | undefined, ids: IdAllocator): Block[] {
  if (encryption === undefined) return [];
  const { encryptedKey, targets, own } = encryption;
  const dataIds = [...targets, ...own.values()].map(({ dataId }) => dataId);
  const blocks: Block[] = [];
  if (encryptedKey.token !== undefined) blocks.push({ kind: 'RecipientToken', id: '', element: encryptedKey.token });
  const apart = settings.order === 'EncryptThenSign' && settings.signature?.keyIdentifier === 'EncryptedKeySHA1';
  const element = encryptedKey.element(apart ? [] : dataIds);
  blocks.push({ kind: 'EncryptedKey', id: encryptedKey.id, element });
  if (apart && dataIds.length > 0) {
    blocks.push({ kind: 'ReferenceList', id: ids.next('RL'), element: createReferenceList(dataIds) });
  }
  return blocks;
}

/** Encrypts a block of ours before the message is signed. */
export function encryptBlock(
  block: Block,
  mode: Part['mode'],
  dataId: string,
  dataKey: DataKey,
  scope: ReadonlyMap<string, string>,
): Block {
  const text = encryptText(blockText(block, scope), mode, dataId, dataKey);
  return mode === 'Element'
    ? { ...block, id: dataId, encrypted: { text, prefixes: ['xenc'] } }
    : { ...block, encrypted: { text, prefixes: block.element.namespaces.map(([prefix]) => prefix) } };
}

/** A `>` may stand in attribute values. */
const START_TAG = /^<(?:[^>"']|"[^"]*"|'[^']*')*>/;

/** Encrypts an element of our header, or what is between its tags. */
export function encryptText(text: string, mode: Part['mode'], dataId: string, dataKey: DataKey): string {
  const start = mode === 'Element' ? 0 : (START_TAG.exec(text)?.[0].length ?? 0);
  const end = mode === 'Element' ? text.length : text.lastIndexOf('</');
  if (end < start) throw new PartMissingError('A block of the Security header has no content to encrypt');
  const data = createEncryptedData(Buffer.from(text.slice(start, end)), mode, dataId, dataKey);
  return text.slice(0, start) + data.toString('latin1') + text.slice(end);
}
