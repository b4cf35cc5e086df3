/** Which blocks of ours a policy can protect, and the tokens among them. */

import { certificateToken } from './binary-security-token/certificate-token.ts';
import { createBinarySecurityToken } from './binary-security-token/create.ts';
import type { Block } from './blocks.ts';
import type { Encryption } from './encryption/prepare.ts';
import type { IdAllocator } from './ids.ts';
import { issuedTokenBlock } from './issued-token-block.ts';
import type { TokenInUse } from './issued-token.ts';
import { namesToken } from './key-info/create.ts';
import { assertionReferenceBlock } from './saml/sign-through-reference.ts';
import type { SecureSettings, SignatureSettings } from './settings.ts';
import type { SoapMessage } from './soap.ts';
import type { FoundParts, OwnPart } from './targets.ts';

/** Blocks of ours that a signature can cover. */
export function signableBlocks(settings: SecureSettings, signature: SignatureSettings): Set<OwnPart> {
  const own = new Set<OwnPart>();
  if (settings.timestamp !== undefined) own.add('Timestamp');
  if (settings.usernameToken !== undefined) own.add('UsernameToken');
  if (settings.securityToken) own.add('Assertion');
  if (namesToken(signature.keyIdentifier)) own.add('Token');
  return own;
}

/** Blocks of ours that can be encrypted. */
export function encryptableBlocks(settings: SecureSettings): Set<OwnPart> {
  const own = new Set<OwnPart>();
  if (settings.timestamp !== undefined) own.add('Timestamp');
  if (settings.usernameToken !== undefined) own.add('UsernameToken');
  // One that the signature needs could not be found by its receiver.
  if (settings.securityToken && settings.signature?.keyIdentifier !== 'SAMLAssertion')
    own.add('Token').add('Assertion');
  // When encryption comes first, there is no signature yet, and its token must stay readable.
  if (settings.signature === undefined || settings.order === 'EncryptThenSign') return own;
  own.add('Signature');
  if (settings.signature.keyIdentifier === 'BinarySecurityToken') own.add('Token');
  return own;
}

/** The issued token, and what leads a signature to it that is to cover it and is made with another key. */
export function issuedBlocks(
  settings: SecureSettings,
  token: TokenInUse | undefined,
  message: SoapMessage,
  toSign: FoundParts,
  encryption: Encryption | undefined,
  ids: IdAllocator,
): Block[] {
  const { securityToken, signature, order } = settings;
  if (!securityToken) return [];
  const issued = issuedTokenBlock(token?.token, message, isBase(settings));
  // Encrypted first, it is signed as it stands: nobody could follow a reference to it.
  const hidden = order === 'EncryptThenSign' && encryption?.own.has('IssuedToken') === true;
  if (!toSign.own.has('Assertion') || hidden || signature?.keyIdentifier === 'SAMLAssertion') return [issued];
  return [issued, assertionReferenceBlock(token?.token.reference, ids)];
}

/** The BinarySecurityToken of the key that signs; none where the key is named in another way. */
export function signingTokenBlocks(signature: SignatureSettings | undefined, tokenId: string): Block[] {
  const { certificate, chain = [] } = signature?.key ?? {};
  if (tokenId === '' || certificate === undefined) return [];
  const token = certificateToken(signature?.tokenType ?? 'X509v3', certificate, chain);
  return [{ kind: 'Token', id: tokenId, element: createBinarySecurityToken(token, tokenId) }];
}

/** An issued token stands before what is protected with keys that are derived from its secret. */
function isBase({ signature, encryption }: SecureSettings): boolean {
  const signs = signature?.keyIdentifier === 'SAMLAssertion' && signature.derivedKey !== undefined;
  return signs || encryption?.dataKey === 'IssuedToken' || encryption?.dataKey === 'Kerberos';
}
