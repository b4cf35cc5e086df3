/**
 * What is known of a message while it is being verified: the one mutable thing of the checking side. The checks of single
 * header blocks read it and add facts; `verify.ts` draws the conclusions.
 */

import type { Certificate } from '../keys/certificate.ts';
import type { OcspStatuses } from '../keys/ocsp/status.ts';
import { SpliceEditor } from '../xml/splice.ts';
import type { XmlLimits } from '../xml/limits.ts';
import type { SignatureAlgorithm } from './algorithms.ts';
import { anyCovers, covers, mapRange, replacedRange, type ByteRange, type Replacement } from './byte-ranges.ts';
import { DecryptionFailedError, InvalidStructureError, LimitError } from './errors.ts';
import type { ExchangeState } from './exchange-state.ts';
import type { VerifiedTicket } from './kerberos/token.ts';
import type { KeyProof } from './key-proof.ts';
import type { AttachmentMode, VerifySettings } from './settings.ts';
import { scanSoap, securityHeaders, type SoapMessage } from './soap.ts';
import type { VerifiedAssertion } from './saml/token.ts';
import { elementAt } from './structure.ts';
import type { DerivedUserKey } from './username-token/derive-key.ts';

/** Scans after decryption that one message may cost. */
const MAX_SCANS = 16;

export interface VerifyContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly exchange: ExchangeState;
  /** Hold for the message after decryption too. */
  readonly limits: XmlLimits;
  /** What OCSP responders have said of certificates. */
  readonly revocation?: OcspStatuses;
  /** What the HTTP message says, for `VerifySettings.addressing`: see `AddressingFacts`. */
  readonly soapActions?: readonly string[];
  /** Whether the message answers the request that left with `exchange.sentMessageId`. */
  readonly isResponse?: boolean;
  /** Whether `Verified.evidence` is wanted. */
  readonly evidence?: true;
}

/** A signature that was made with a trusted key and whose every digest was right. */
export interface GoodSignature {
  /** The ds:Signature; undefined once it is no longer part of the message. */
  readonly element: ByteRange | undefined;
  readonly value: Buffer;
  readonly algorithm: SignatureAlgorithm;
  /** Whole elements, as they lie in the present bytes. */
  readonly signed: readonly ByteRange[];
  /** The token that it was made with is among what was signed, in place or through an STR-Transform. */
  readonly tokenSigned: boolean;
  /** Absent for HMAC. */
  readonly certificate?: Certificate;
  /** What its key says about the signer. */
  readonly proof: KeyProof;
  /** The element of the message that holds the certificate, if one does. */
  readonly token?: ByteRange;
  /** How much of which attachment it covers, by position. */
  readonly attachments?: ReadonlyMap<number, AttachmentMode>;
}

/** Plaintext that stands in the message now. */
export interface DecryptedRange extends ByteRange {
  /** How many EncryptedData it came out of, one inside the other. */
  readonly depth: number;
}

/** A symmetric key that came in an EncryptedKey of this message. */
export interface SessionKey {
  /** Base64 SHA-1 of the encrypted octets (WSS 1.1 §7.3, EncryptedKeySHA1). */
  readonly sha1: string;
  /** Undefined when it could not be unwrapped: whoever uses it goes on with a random one. */
  readonly octets: Buffer | undefined;
}

/**
 * What a token of the Security header was found to be, which happens once, when something first needs it: a reference to it,
 * or the policy's section about such tokens.
 */
export type VerifiedToken = DerivedUserKey | VerifiedTicket;

/** Plaintext and what it replaces. */
export interface Edit extends Replacement {
  readonly plaintext: Buffer;
  /** The element it stands in. */
  readonly parent: ByteRange;
}

export class Verification {
  readonly settings: VerifySettings;
  readonly context: VerifyContext;
  message: SoapMessage;
  /** Our actor's Security header. */
  security: number;
  signatures: GoodSignature[] = [];
  /** Signatures over other signatures, where the policy asks for them. */
  endorsements: GoodSignature[] = [];
  decrypted: DecryptedRange[] = [];
  /** Children of the Security header that are dealt with. */
  processed: ByteRange[] = [];
  readonly sessionKeys: SessionKey[] = [];
  #tokens = new Map<number, VerifiedToken>();
  /** The SAML assertion that was used or looked for, see `saml/token.ts`. */
  assertion: VerifiedAssertion | undefined;
  readonly legacyAlgorithms = new Set<string>();
  /** How much of which attachment came encrypted, by position. */
  readonly decryptedAttachments = new Map<number, AttachmentMode>();
  encryptedDataCount = 0;
  /** Ciphertext without integrity of its own, and signed by nobody, was decrypted: see `WssError.concealed`. */
  malleable = false;
  #scans = 0;

  constructor(message: SoapMessage, security: number, settings: VerifySettings, context: VerifyContext) {
    const { attachments } = message;
    this.message = attachments === undefined ? message : { ...message, attachments: attachments.copy() };
    this.security = security;
    this.settings = settings;
    this.context = context;
  }

  rangeOf(element: number): ByteRange {
    const { index } = this.message;
    return { start: index.start(element), end: index.end(element) };
  }

  /** What a token was found to be; undefined when nothing has asked yet. */
  verifiedToken<Kind extends VerifiedToken['kind']>(
    kind: Kind,
    element: number,
  ): Extract<VerifiedToken, { kind: Kind }> | undefined {
    const token = this.#tokens.get(this.message.index.start(element));
    return token?.kind === kind ? (token as Extract<VerifiedToken, { kind: Kind }>) : undefined;
  }

  rememberToken(element: number, token: VerifiedToken): void {
    this.#tokens.set(this.message.index.start(element), token);
  }

  isSigned(range: ByteRange): boolean {
    return this.signatures.some((signature) => anyCovers(signature.signed, range));
  }

  depthOf(range: ByteRange): number {
    let depth = 0;
    for (const plaintext of this.decrypted) {
      if (plaintext.start <= range.start && range.end <= plaintext.end) depth = Math.max(depth, plaintext.depth);
    }
    return depth;
  }

  /**
   * Puts plaintext in the place of what was encrypted, scans the message anew and carries every fact over.
   *
   * @param edits in any order, not overlapping; each with its plaintext
   * @returns where the plaintexts stand now, and in which element, in the order of `edits`
   * @throws DecryptionFailedError whatever is wrong with the new message: that it is no XML must not be told apart from
   *   a decryption that failed
   */
  replace(edits: readonly Edit[]): { readonly range: ByteRange; readonly parent: number }[] {
    const sorted = [...edits].sort((a, b) => a.start - b.start);
    for (let next = 1; next < sorted.length; next++) {
      if (sorted[next].start < sorted[next - 1].end)
        throw new InvalidStructureError('two references decrypt the same data');
    }
    if (++this.#scans > MAX_SCANS)
      throw new LimitError(`the message needs more than ${MAX_SCANS} rounds of decryption`);
    const editor = new SpliceEditor(this.message.index.bytes);
    for (const edit of sorted) editor.replace(edit.start, edit.end, edit.plaintext);
    const security = mapRange(this.rangeOf(this.security), sorted);
    try {
      this.message = scanSoap(editor.toBuffer(), this.context.limits, this.message.attachments);
    } catch (error) {
      throw new DecryptionFailedError('decryption failed', { cause: error });
    }
    const ours = securityHeaders(this.message, this.settings.actor);
    this.security = security === undefined ? -1 : elementAt(this.message.index, security.start);
    if (ours.length !== 1 || ours[0] !== this.security) {
      throw new DecryptionFailedError('decryption failed', {
        cause: new Error('decryption changed the Security header'),
      });
    }
    this.#carryOver(sorted);
    return edits.map((edit) => {
      const parent = mapRange(edit.parent, sorted);
      return {
        range: replacedRange(sorted, sorted.indexOf(edit)),
        parent: parent === undefined ? -1 : elementAt(this.message.index, parent.start),
      };
    });
  }

  #carryOver(replacements: readonly Replacement[]): void {
    const map = (range: ByteRange) => mapRange(range, replacements);
    const mapSignature = (signature: GoodSignature): GoodSignature => ({
      ...signature,
      element: signature.element && map(signature.element),
      token: signature.token && map(signature.token),
      signed: signature.signed.flatMap((range) => map(range) ?? []),
    });
    this.signatures = this.signatures.map(mapSignature);
    this.endorsements = this.endorsements.map(mapSignature);
    this.decrypted = this.decrypted.flatMap((range) => {
      const moved = map(range);
      return moved === undefined ? [] : [{ ...moved, depth: range.depth }];
    });
    const tokens = [...this.#tokens].flatMap(([start, token]): [number, VerifiedToken][] => {
      const moved = map({ start, end: start + 1 });
      return moved === undefined ? [] : [[moved.start, token]];
    });
    this.#tokens = new Map(tokens);
    const { assertion } = this;
    if (assertion !== undefined) {
      const range = map(assertion.range);
      if (range === undefined || replacements.some((replacement) => covers(assertion.range, replacement))) {
        throw new InvalidStructureError('what was verified of an assertion is decrypted afterwards');
      }
      this.assertion = { ...assertion, range };
    }
    this.processed = this.processed.flatMap((range) => {
      // What stands in the place of an EncryptedData that was dealt with has itself not been.
      return replacements.some((replacement) => covers(replacement, range)) ? [] : (map(range) ?? []);
    });
  }
}
