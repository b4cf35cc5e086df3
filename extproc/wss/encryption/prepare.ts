/** What a message needs for its encryption: decided and made before anything in it is changed. */

import { createSecretKey } from 'node:crypto';
import type { AttachmentTarget } from '../attachments/encrypt.ts';
import { attachmentPositions } from '../attachments/protect.ts';
import { blockText, type Block, type OwnUser } from '../blocks.ts';
import { createDerivedKey } from '../derived-key/create.ts';
import { KeyNotFoundError, PartMissingError } from '../errors.ts';
import type { ExchangeState } from '../exchange-state.ts';
import type { IdAllocator } from '../ids.ts';
import type { TokenInUse } from '../issued-token.ts';
import { encryptedKeyReference } from '../key-info/create.ts';
import type { DataKeySource, Part, SecureSettings } from '../settings.ts';
import { dataOctets, issuedKey, requestKey, ticketKey, type SharedKey } from '../shared-key.ts';
import type { SoapMessage } from '../soap.ts';
import type { FoundParts } from '../targets.ts';
import { createEncryptedKey, createReferenceList, dataAlgorithmOf, type EncryptedKey } from './create-key.ts';
import { outermost, type EncryptionTarget } from './encrypt.ts';
import { createEncryptedData, type DataKey } from './encrypted-data.ts';

/** A symmetric key for this message, and all that it encrypts. */
export interface Encryption {
  /** Absent where the key comes from elsewhere. */
  readonly encryptedKey?: EncryptedKey;
  /** The key that the data key was derived from, or is. */
  readonly base: SharedKey;
  /** The wsc:DerivedKeyToken of the data key. */
  readonly derived?: Block;
  readonly dataKey: DataKey;
  readonly targets: readonly EncryptionTarget[];
  readonly attachments: readonly AttachmentTarget[];
  /** Blocks of ours that are encrypted: mode and Id of the EncryptedData. */
  readonly own: ReadonlyMap<Block['kind'], { readonly mode: Part['mode']; readonly dataId: string }>;
}

/**
 * Makes the key of a message and decides what it encrypts.
 *
 * @param found the parts that the policy wants encrypted
 * @param user our UsernameToken, when a key is derived from its password
 * @returns undefined when there is nothing to encrypt, and no signature that needs a new key
 * @throws the errors of {@link createEncryptedKey} and of `shared-key.ts`
 */
export function prepareEncryption(
  message: SoapMessage,
  settings: SecureSettings,
  { exchange, token }: { readonly exchange: ExchangeState; readonly token?: TokenInUse },
  found: FoundParts,
  ids: IdAllocator,
  user?: OwnUser,
): Encryption | undefined {
  const { encryption } = settings;
  if (encryption === undefined) return undefined;
  const targets = outermost(message, found.elements).map((target) => ({ ...target, dataId: ids.next('ED') }));
  const own = new Map<Block['kind'], { mode: Part['mode']; dataId: string }>();
  for (const [part, mode] of found.own) {
    const issued = part === 'Assertion' || (part === 'Token' && settings.securityToken);
    const kind = issued ? 'IssuedToken' : part;
    own.set(kind, { mode, dataId: ids.next('ED') });
  }
  const { attachments: part } = encryption;
  const attachments = (part === undefined ? [] : attachmentPositions(message)).map((position) => ({
    ...{ position, mode: part?.mode ?? 'Content', dataId: ids.next('ED') },
  }));
  const isNew = encryption.dataKey === undefined;
  if (targets.length + attachments.length + own.size === 0 && !(isNew && signsWithEncryptedKey(settings)))
    return undefined;
  const encryptedKey = isNew ? createEncryptedKey(encryption, exchange, ids) : undefined;
  const base = encryptedKey
    ? { octets: encryptedKey.key, reference: encryptedKeyReference(encryptedKey.id) }
    : keyFromElsewhere(encryption.dataKey, exchange, token, user);
  const algorithm = dataAlgorithmOf(encryption);
  const derived = encryption.derivedKey && createDerivedKey(base, encryption.derivedKey, algorithm.keyBytes, ids);
  const octets = dataOctets(derived ?? base, algorithm.keyBytes, isOfOtherLength(encryption.dataKey));
  const dataKey = { key: createSecretKey(octets), algorithm, keyInfo: (derived ?? base).reference };
  return {
    ...(encryptedKey && { encryptedKey }),
    base,
    ...(derived && { derived: derived.block }),
    dataKey,
    targets,
    attachments,
    own,
  };
}

/** Keys whose length something else decides than the algorithm: the first octets are taken of those that have more. */
function isOfOtherLength(source: DataKeySource | undefined): boolean {
  return source === 'UsernameToken' || source === 'Kerberos';
}

function keyFromElsewhere(
  source: DataKeySource | undefined,
  exchange: ExchangeState,
  token: TokenInUse | undefined,
  user: OwnUser | undefined,
): SharedKey {
  if (source === 'IssuedToken') return issuedKey(token);
  if (source === 'Request') return requestKey(exchange);
  if (source === 'Kerberos') return ticketKey(exchange, token);
  if (user === undefined) throw new KeyNotFoundError('The message has no UsernameToken that a key is derived from');
  return user.key;
}

/** Whether the signature is made with the key of the message's EncryptedKey. */
export function signsWithEncryptedKey({ signature }: SecureSettings): boolean {
  return signature?.keyIdentifier === 'EncryptedKey' || signature?.keyIdentifier === 'EncryptedKeySHA1';
}

/** The EncryptedKey with its ReferenceList, apart from each other when the signature is made with the key in between. */
export function keyBlocks(settings: SecureSettings, encryption: Encryption | undefined, ids: IdAllocator): Block[] {
  if (encryption === undefined) return [];
  const { encryptedKey, derived, targets, attachments, own } = encryption;
  const dataIds = [...targets, ...attachments, ...own.values()].map(({ dataId }) => dataId);
  const blocks: Block[] = [];
  const signs = signsWithEncryptedKey(settings);
  const apart = encryptedKey === undefined || derived !== undefined || (settings.order === 'EncryptThenSign' && signs);
  if (encryptedKey !== undefined) {
    const base = (signs || derived !== undefined) && ({ base: true } as const);
    if (encryptedKey.token !== undefined) {
      blocks.push({ kind: 'RecipientToken', id: '', element: encryptedKey.token, ...base });
    }
    const element = encryptedKey.element(apart ? [] : dataIds);
    blocks.push({ kind: 'EncryptedKey', id: encryptedKey.id, element, ...base });
  }
  if (derived !== undefined) blocks.push(derived);
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
