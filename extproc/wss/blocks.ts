/** The child elements that we write into a Security header, and the order they stand in. */

import { elementText, type ElementText } from './element-text.ts';
import type { IdAllocator } from './ids.ts';
import type { SecureSettings } from './settings.ts';
import { createSignatureConfirmation } from './signature-confirmation/create.ts';
import { createTimestamp } from './timestamp/create.ts';
import { createUsernameToken } from './username-token/create.ts';
import type { UserKey } from './username-token/user-key.ts';

export interface Block {
  readonly kind:
    | 'Timestamp'
    | 'UsernameToken'
    | 'SignatureConfirmation'
    /** The BinarySecurityToken that signs. */
    | 'Token'
    /** What a token service issued: as it came, so not in canonical form like all others. */
    | 'IssuedToken'
    /** What leads a signature to it whose key is not the issued token's. */
    | 'AssertionReference'
    | 'Signature'
    /** The recipient's BinarySecurityToken. */
    | 'RecipientToken'
    | 'EncryptedKey'
    /** Of an attachment. */
    | 'EncryptedData'
    | 'DerivedKey'
    | 'ReferenceList'
    /** The BinarySecurityToken of a signature over the Signature, and that signature. */
    | 'EndorsingToken'
    | 'Endorsing';
  readonly id: string;
  readonly element: ElementText;
  /** Keys of this message come from it: it stands before everything that uses them. */
  readonly base?: true;
  /** The message's signature covers it, whatever the policy's parts are. */
  readonly signed?: true;
  /** What it became, or its content became, when it was encrypted before the message is signed. */
  readonly encrypted?: { readonly text: string; readonly prefixes: readonly string[] };
}

/** The wsu:Id of our UsernameToken, and the key that is derived from its password. */
export interface OwnUser {
  readonly id: string;
  readonly key: UserKey;
}

/** Writes the blocks that depend on no other: Timestamp, UsernameToken and SignatureConfirmation. */
export function createPlainBlocks(
  settings: SecureSettings,
  now: number,
  requestSignatures: readonly string[],
  ids: IdAllocator,
  user?: OwnUser,
): Block[] {
  const blocks: Block[] = [];
  if (settings.timestamp !== undefined) {
    const id = ids.next('TS');
    blocks.push({ kind: 'Timestamp', id, element: createTimestamp(settings.timestamp, now, id) });
  }
  if (settings.usernameToken !== undefined) {
    const { id, key } = user ?? { id: ids.next('UT') };
    const element = createUsernameToken(settings.usernameToken, now, id, key);
    blocks.push({ kind: 'UsernameToken', id, element, ...(key && { base: true }) });
  }
  if (settings.signature?.confirm === true) {
    // WSS 1.1 §8.5: one for each signature of the request, or a single one without value when there was none.
    const values = requestSignatures.length === 0 ? [undefined] : requestSignatures;
    for (const value of values) {
      const id = ids.next('SC');
      blocks.push({ kind: 'SignatureConfirmation', id, element: createSignatureConfirmation(value, id) });
    }
  }
  return blocks;
}

/**
 * Orders blocks for a receiver that works from top to bottom (WSS 1.1 §5) so that every layout holds
 * (WS-SecurityPolicy 1.3 §6.7): a token before what uses it, what is signed before its signature, and of signature and
 * reference list the one first that was made last.
 */
export function arrange(blocks: readonly Block[], settings: Pick<SecureSettings, 'layout' | 'order'>): Block[] {
  // The key follows the signature like the reference list in it, unless the signature is made with that key.
  const keyFollows = settings.order === 'EncryptThenSign' && !blocks.some((block) => block.kind === 'ReferenceList');
  const rank = (block: Block): number => {
    if (block.kind === 'Timestamp' && settings.layout === 'LaxTimestampFirst') return 0;
    if (block.kind === 'Timestamp' && settings.layout === 'LaxTimestampLast') return 9;
    // Encrypted before it was signed: the signature must be checked before it is decrypted.
    if (block.encrypted !== undefined && settings.order === 'EncryptThenSign') return 8;
    if (block.base) return 2;
    switch (block.kind) {
      case 'DerivedKey':
        return 2.1;
      case 'RecipientToken':
        return keyFollows ? 6 : 1;
      case 'EncryptedKey':
        return keyFollows ? 7 : 2;
      case 'EncryptedData':
        return 2.3;
      case 'Timestamp':
      case 'UsernameToken':
      case 'SignatureConfirmation':
        return 3;
      case 'Token':
      case 'IssuedToken':
      case 'EndorsingToken':
      case 'AssertionReference':
        return 4;
      case 'Signature':
        return 5;
      case 'Endorsing':
        return 5.1;
      case 'ReferenceList':
        return settings.order === 'EncryptThenSign' ? 7 : 2.2;
    }
  };
  return blocks.toSorted((a, b) => rank(a) - rank(b));
}

/** The block as it stands in a Security header where the bindings of `scope` hold. */
export function blockText(block: Block, scope: ReadonlyMap<string, string>): string {
  return block.encrypted?.text ?? elementText(block.element, scope);
}
