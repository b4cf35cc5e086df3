/** The token by which a verified message says who sent it, for handing it on. */

import type { Certificate } from '../keys/certificate.ts';
import { createBinarySecurityToken } from './binary-security-token/create.ts';
import { elementText } from './element-text.ts';
import { InvalidTokenError } from './errors.ts';
import { hashFields } from './hash-fields.ts';
import type { CallerToken } from './issued-token.ts';
import { WSSE } from './namespaces.ts';
import type { VerifiedAssertion } from './saml/token.ts';
import { selfContained } from './self-contained.ts';
import { elementAt } from './structure.ts';
import type { UsernameTokenFacts } from './username-token/check.ts';
import type { GoodSignature, Verification } from './verification.ts';

/**
 * The SAML assertion if one was verified, or else the UsernameToken, or else the certificate that signed what had to be signed. A signature with a
 * shared secret has no token that would say whose it is.
 *
 * @param user of the UsernameToken of our Security header
 * @param decisive the signature that covers everything required
 * @param saml the assertion of our Security header
 * @throws {InvalidTokenError} when there are comments or processing instructions in the token, which others may read as
 *   another name than we did
 */
export function callerToken(
  state: Verification,
  user: UsernameTokenFacts | undefined,
  decisive: GoodSignature | undefined,
  saml?: VerifiedAssertion,
): CallerToken | undefined {
  const { index } = state.message;
  const certificate = decisive?.certificate;
  if (saml !== undefined) {
    const bytes = takenOut(state, elementAt(index, saml.range.start));
    // One that its issuer has not signed is worth what the signature around it is.
    return { bytes, identity: hashFields('SAMLAssertion', bytes, certificate?.der ?? '') };
  }
  if (user !== undefined) {
    const bytes = takenOut(state, index.child(state.security, WSSE, 'UsernameToken'));
    return { bytes, identity: hashFields('UsernameToken', user.username, user.password, certificate?.der ?? '') };
  }
  if (certificate === undefined) return undefined;
  const element = decisive?.token === undefined ? -1 : elementAt(index, decisive.token.start);
  const bytes = element === -1 ? certificateToken(certificate) : takenOut(state, element);
  return { bytes, identity: hashFields('Certificate', certificate.der) };
}

function takenOut({ message: { index } }: Verification, token: number): Buffer {
  if (index.hasCommentOrPi(token)) throw new InvalidTokenError('a security token holds a comment');
  return selfContained(index, token);
}

/** For a message that only names the certificate. */
function certificateToken(certificate: Certificate): Buffer {
  const token = createBinarySecurityToken(certificate, `X509-${certificate.fingerprint}`);
  return Buffer.from(elementText(token, new Map()));
}
