/** Where assertions come from: made once for each caller and kept for a while, since a signature costs more than a message. */

import { LRUCache } from 'lru-cache';
import { hashFields } from '../../wss/hash-fields.ts';
import type { TokenInUse } from '../../wss/issued-token.ts';
import { createAssertion, type CreatedAssertion } from '../../wss/saml/create-assertion.ts';
import type { AssertionContent } from '../../wss/saml/create-settings.ts';
import type { Signer } from '../../wss/signature/signature-value.ts';
import type { MessageMeta } from '../conditions.ts';
import { assertionContent } from './content.ts';
import type { CompiledAssertion } from './settings.ts';
import type { VerifiedCaller } from './verified-caller.ts';

const MAX_ENTRIES = 10_000;
const MAX_BYTES = 64 * 1024 * 1024;
/** What an entry takes besides the bytes of its assertion. */
const OVERHEAD = 1024;

export interface AssertionDemand {
  /** Version of the policy: it stands for the keys and for all that does not differ by caller. */
  readonly version: string;
  readonly assertion: CompiledAssertion;
  /** Of the request. */
  readonly meta: MessageMeta;
  /** What its message proved. */
  readonly caller?: VerifiedCaller;
}

interface Kept {
  readonly token: TokenInUse;
  readonly made: number;
  /** Not used any more from then on, milliseconds since 1970. */
  readonly until: number;
}

export class AssertionIssuer {
  readonly #sign: Signer;
  readonly #now: () => number;
  readonly #kept: LRUCache<string, Kept>;
  /** Under way, by key: any number of messages cost one signature. */
  readonly #flights = new Map<string, Promise<TokenInUse>>();

  /** @param options `sign`: so that it does not hold up others; `now`: milliseconds since 1970 */
  constructor({ sign, now, maxEntries = MAX_ENTRIES, maxBytes = MAX_BYTES }: AssertionIssuerOptions) {
    this.#sign = sign;
    this.#now = now;
    this.#kept = new LRUCache({
      max: maxEntries,
      maxSize: maxBytes,
      sizeCalculation: ({ token }) => OVERHEAD + token.token.bytes.length,
    });
  }

  /** Assertions that are kept. */
  get size(): number {
    return this.#kept.size;
  }

  /**
   * The assertion for one message: one at hand is given at once, if at least half of its life is left.
   *
   * @throws AssertionSubjectError when the caller cannot be named
   * @throws WssError when the assertion cannot be made
   */
  obtain({ version, assertion, meta, caller }: AssertionDemand): TokenInUse | Promise<TokenInUse> {
    const content = assertionContent(assertion, meta, caller);
    const { settings } = assertion;
    if (settings.oneTimeUse) return this.#make(assertion, content).then(({ token }) => token);
    const key = keyOf(version, content);
    const kept = this.#kept.get(key);
    const now = this.#now();
    if (kept !== undefined && kept.made <= now && now < kept.until) return kept.token;
    const flight = this.#flights.get(key) ?? this.#fly(key, assertion, content);
    return flight;
  }

  #fly(key: string, assertion: CompiledAssertion, content: AssertionContent): Promise<TokenInUse> {
    const flight = this.#make(assertion, content)
      .then(({ token, notOnOrAfter }) => {
        const half = assertion.settings.lifetime / 2;
        this.#kept.set(key, { token, made: notOnOrAfter - 2 * half, until: notOnOrAfter - half });
        return token;
      })
      .finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }

  #make({ settings }: CompiledAssertion, content: AssertionContent): Promise<CreatedAssertion> {
    return createAssertion(settings, content, this.#now(), this.#sign);
  }
}

export interface AssertionIssuerOptions {
  readonly sign: Signer;
  readonly now: () => number;
  readonly maxEntries?: number;
  readonly maxBytes?: number;
}

/** Everything that goes into the assertion: two callers never share one, unless it says the very same of both. */
function keyOf(version: string, { subject, authn, attributes }: AssertionContent): string {
  const said = attributes.flatMap(({ name, nameFormat = '', values }) => [name, nameFormat, hashFields(...values)]);
  return hashFields(version, subject.name, subject.format, typeof authn === 'string' ? authn : authn.uri, ...said);
}
