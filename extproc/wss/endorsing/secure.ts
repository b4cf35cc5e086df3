/** Endorsing supporting signatures: signatures over the message's own (WS-SecurityPolicy 1.3 §8.3, §8.4). */

import { createBinarySecurityToken } from '../binary-security-token/create.ts';
import { blockText, type Block } from '../blocks.ts';
import type { IdAllocator } from '../ids.ts';
import type { EndorsingSettings, SecureSettings } from '../settings.ts';
import { signMessage, type Signed, type SigningInput } from '../signature/sign-message.ts';

/** Somebody who signs the signature, and the token by which the receiver knows him. */
export interface Endorser {
  readonly settings: EndorsingSettings;
  /** Absent when the token is not in the message. */
  readonly token?: Block;
}

/** The tokens come first, so that the message's signature can cover them. */
export function createEndorsers({ endorsing = [] }: SecureSettings, ids: IdAllocator): Endorser[] {
  return endorsing.map((settings) => {
    const { certificate } = settings.key;
    if (settings.keyIdentifier !== 'BinarySecurityToken' || certificate === undefined) return { settings };
    const id = ids.next('X509');
    const element = createBinarySecurityToken(certificate, id);
    return { settings, token: { kind: 'EndorsingToken', id, element, ...(settings.signed && { signed: true }) } };
  });
}

/**
 * Signs the Signature of the message.
 *
 * @param input what the Signature itself was made of
 * @param signature the Signature, as it goes into the header
 */
export async function endorse(
  endorsers: readonly Endorser[],
  input: SigningInput,
  signature: Block,
): Promise<Signed[]> {
  const { security } = input;
  const prefixes = signature.element.namespaces.map(([prefix]) => prefix);
  // Unlike other blocks it is not canonical as it stands: its KeyInfo says what it needs wherever it stands.
  const written: Block = { ...signature, encrypted: { text: blockText(signature, security.scope), prefixes } };
  const made: Signed[] = [];
  for (const { settings, token } of endorsers) {
    const { block, value } = await signMessage({
      ...input,
      signature: settings,
      key: { key: settings.key.key },
      elements: [],
      signedBlocks: [written],
      signToken: false,
      tokenId: token?.id ?? '',
    });
    made.push({ block: { ...block, kind: 'Endorsing' }, value });
  }
  return made;
}
