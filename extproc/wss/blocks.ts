/** The child elements that we write into a Security header, and the order they stand in. */

import type { IdAllocator } from './ids.ts';
import type { SecurityHeader } from './security-header.ts';
import type { SecureSettings } from './settings.ts';
import { createSignatureConfirmation } from './signature-confirmation/create.ts';
import { createTimestamp } from './timestamp/create.ts';
import { createUsernameToken } from './username-token/create.ts';

export interface Block {
  readonly kind:
    | 'Timestamp'
    | 'UsernameToken'
    | 'SignatureConfirmation'
    /** The BinarySecurityToken that signs. */
    | 'Token'
    | 'Signature'
    /** The recipient's BinarySecurityToken. */
    | 'RecipientToken'
    | 'EncryptedKey'
    | 'ReferenceList';
  readonly id: string;
  readonly text: string;
  /** Namespace prefixes that its own tag uses. */
  readonly prefixes: readonly string[];
  /** Whether it was encrypted: it is an EncryptedData then. */
  readonly encrypted: boolean;
}

/** Writes the blocks that depend on no other: Timestamp, UsernameToken and SignatureConfirmation. */
export function createPlainBlocks(
  settings: SecureSettings,
  now: number,
  requestSignatures: readonly string[],
  security: SecurityHeader,
  ids: IdAllocator,
): Block[] {
  const { declarations } = security;
  const blocks: Block[] = [];
  if (settings.timestamp !== undefined) {
    const id = ids.next('TS');
    const text = createTimestamp(settings.timestamp, now, id, declarations);
    blocks.push({ kind: 'Timestamp', id, text, prefixes: ['wsu'], encrypted: false });
  }
  if (settings.usernameToken !== undefined) {
    const id = ids.next('UT');
    const text = createUsernameToken(settings.usernameToken, now, id, declarations);
    blocks.push({ kind: 'UsernameToken', id, text, prefixes: ['wsse', 'wsu'], encrypted: false });
  }
  if (settings.signature?.confirm === true) {
    // WSS 1.1 §8.5: one for each signature of the request, or a single one without value when there was none.
    const values = requestSignatures.length === 0 ? [undefined] : requestSignatures;
    for (const value of values) {
      const id = ids.next('SC');
      const text = createSignatureConfirmation(value, id, declarations);
      blocks.push({ kind: 'SignatureConfirmation', id, text, prefixes: ['wsse11', 'wsu'], encrypted: false });
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
    if (block.encrypted && settings.order === 'EncryptThenSign') return 8;
    switch (block.kind) {
      case 'RecipientToken':
        return keyFollows ? 6 : 1;
      case 'EncryptedKey':
        return keyFollows ? 7 : 2;
      case 'Timestamp':
      case 'UsernameToken':
      case 'SignatureConfirmation':
        return 3;
      case 'Token':
        return 4;
      case 'Signature':
        return 5;
      case 'ReferenceList':
        return 7;
    }
  };
  return blocks.toSorted((a, b) => rank(a) - rank(b));
}
