/** A signature that covers an assertion whose key does not sign: by a reference of its own (SAML token profile 1.1 §3.4, §3.6). */

import { hash } from 'node:crypto';
import { digests } from '../algorithms.ts';
import type { Block } from '../blocks.ts';
import { elementText } from '../element-text.ts';
import { issuedTokenReference } from '../key-info/create.ts';
import type { IdAllocator } from '../ids.ts';
import type { TokenReference } from '../issued-token.ts';
import { WSSE, WSU } from '../namespaces.ts';
import type { SecurityHeader } from '../security-header.ts';
import type { SignatureSettings } from '../settings.ts';
import { canonicalText } from '../signature/canonical-block.ts';
import type { Reference } from '../signature/sign.ts';
import type { SoapMessage } from '../soap.ts';

const NAME = 'wsse:SecurityTokenReference';

/**
 * The wsse:SecurityTokenReference in the Security header through which a signature covers the assertion.
 *
 * @throws KeyNotFoundError when whoever made the assertion did not say how to refer to it
 */
export function assertionReferenceBlock(reference: TokenReference | undefined, ids: IdAllocator): Block {
  const id = ids.next('STR');
  const rest = issuedTokenReference(reference, id).slice(`<${NAME}`.length);
  const namespaces = [
    ['wsse', WSSE],
    ['wsu', WSU],
  ] as const;
  return { kind: 'AssertionReference', id, element: { name: NAME, rest, namespaces } };
}

/** What of the message a signature is made for. */
interface Signing {
  readonly message: SoapMessage;
  readonly security: SecurityHeader;
  readonly signature: SignatureSettings;
}

/** What the signature says of it: the STR-Transform leads to the assertion (WSS 1.1 §8.3). */
export function referenceToAssertion(
  input: Signing & { readonly blocks: readonly Block[]; readonly signedBlocks: readonly Block[] },
): Reference[] {
  const through = input.signedBlocks.find(({ kind }) => kind === 'AssertionReference');
  const issued = input.blocks.find(({ kind }) => kind === 'IssuedToken');
  if (through === undefined || issued === undefined) return [];
  return [{ id: through.id, token: true, prefixes: [], digest: issuedTokenDigest(issued, input) }];
}

/** The digest of a token that somebody else serialized, in the canonical form of the STR-Transform. */
export function issuedTokenDigest({ element }: Block, { message, security, signature }: Signing): string {
  const canonical = canonicalText(message, security, elementText(element, security.scope), 'Security', {
    ...{ mode: 'exclusive', comments: false },
    ...{ inclusivePrefixes: ['#default'], augmentDefaultNamespace: true },
  });
  return hash(digests[signature.digest].hash, canonical, 'base64');
}
