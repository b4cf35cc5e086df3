/** Makes the assertions by which the gateway vouches for a caller. */

import { hash, randomUUID } from 'node:crypto';
import { isChar } from '../../xml/characters.ts';
import { digests, signatureAlgorithms } from '../algorithms.ts';
import { InvalidTokenError } from '../errors.ts';
import type { TokenInUse } from '../issued-token.ts';
import { keyReference } from '../key-info/create.ts';
import { DS, EXC_C14N } from '../namespaces.ts';
import { checkSigningKey, signatureValue, type Signer } from '../signature/signature-value.ts';
import { createHolder } from './create-holder.ts';
import type { AssertionContent, AssertionSettings } from './create-settings.ts';
import { saml1Text, saml2Text } from './create-text.ts';
import { SAML1, SAML2 } from './versions.ts';

/** Milliseconds that the receiver's clock may be behind ours. */
const NOT_BEFORE_ALLOWANCE = 60_000;
const ENVELOPED = `${DS}enveloped-signature`;

export interface CreatedAssertion {
  readonly token: TokenInUse;
  /** NotOnOrAfter, milliseconds since 1970. */
  readonly notOnOrAfter: number;
}

/**
 * Makes a signed assertion of SAML 2.0 or 1.1 with an enveloped signature (SAML 2.0 Core §5.4, SAML 1.1 Core §5.4).
 *
 * @param now milliseconds since 1970: IssueInstant, and when the subject was authenticated
 * @param sign computes the signature
 * @throws InvalidTokenError when a name or a value holds what XML cannot
 * @throws KeyNotAcceptedError when a key does not fit what it is for
 */
export async function createAssertion(
  settings: AssertionSettings,
  content: AssertionContent,
  now: number,
  sign: Signer,
): Promise<CreatedAssertion> {
  const { key, algorithm, digest } = settings.signature;
  checkSigningKey(algorithm, key.key);
  const version = settings.version === '2.0' ? SAML2 : SAML1;
  const holder = settings.holder && createHolder(settings.holder);
  const id = `_${randomUUID()}`;
  const notOnOrAfter = now + settings.lifetime;
  const write = settings.version === '2.0' ? saml2Text : saml1Text;
  const { before, after } = write(settings, {
    ...content,
    ...{
      id,
      instant: instant(now),
      notBefore: instant(now - NOT_BEFORE_ALLOWANCE),
      notOnOrAfter: instant(notOnOrAfter),
    },
    ...(holder && { holderKeyInfo: holder.keyInfo }),
  });
  checkCharacters(before + after);
  const signedInfo = signedInfoText(settings.signature, id, hash(digests[digest].hash, before + after, 'base64'));
  const canonical = Buffer.from(`<ds:SignedInfo xmlns:ds="${DS}">${signedInfo}</ds:SignedInfo>`);
  const value = (await signatureValue(algorithm, key.key, canonical, sign)).toString('base64');
  const signature =
    `<ds:Signature xmlns:ds="${DS}"><ds:SignedInfo>${signedInfo}</ds:SignedInfo>` +
    `<ds:SignatureValue>${value}</ds:SignatureValue><ds:KeyInfo>${keyReference('X509Data', key, '')}</ds:KeyInfo></ds:Signature>`;
  return {
    notOnOrAfter,
    token: {
      token: {
        bytes: new Uint8Array(Buffer.from(before + signature + after)),
        reference: { form: 'KeyIdentifier', value: id, valueType: version.valueType, tokenType: version.tokenTypes[0] },
        ...(holder?.secret && { secret: holder.secret }),
      },
      ...(holder && { key: holder.key }),
      assertion: {
        ...{ id, version: settings.version, issuer: settings.issuer, subject: content.subject.name },
        ...{ confirmation: settings.confirmation, secret: key.name },
      },
    },
  };
}

/** The content of ds:SignedInfo. */
function signedInfoText({ algorithm, digest }: AssertionSettings['signature'], id: string, value: string): string {
  return (
    `<ds:CanonicalizationMethod Algorithm="${EXC_C14N}"></ds:CanonicalizationMethod>` +
    `<ds:SignatureMethod Algorithm="${signatureAlgorithms[algorithm].uri}"></ds:SignatureMethod>` +
    `<ds:Reference URI="#${id}"><ds:Transforms><ds:Transform Algorithm="${ENVELOPED}"></ds:Transform>` +
    `<ds:Transform Algorithm="${EXC_C14N}"></ds:Transform></ds:Transforms>` +
    `<ds:DigestMethod Algorithm="${digests[digest].uri}"></ds:DigestMethod>` +
    `<ds:DigestValue>${value}</ds:DigestValue></ds:Reference>`
  );
}

/** What a header or a claim says may hold characters that cannot stand in XML, not even escaped (XML 1.0 §2.2). */
function checkCharacters(text: string): void {
  for (const character of text) {
    if (!isChar(character.codePointAt(0) ?? 0)) {
      throw new InvalidTokenError('a name or value for the assertion holds a character that XML cannot');
    }
  }
}

function instant(time: number): string {
  return new Date(time).toISOString();
}
