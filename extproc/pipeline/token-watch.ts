/** Looks at the backend's answer for whether it refused the token that the request got, and does what the policy says. */

import type { CompiledPolicy } from './compile.ts';
import type { MessageMeta } from './conditions.ts';
import type { MessageServices, TokenUse } from './process-message.ts';
import { resend, type Resender, type Resent } from './resend.ts';
import { isSecurityFault, mayBeFault } from './security-fault.ts';
import type { ResponseMeta } from './exchange.ts';

export class TokenWatch {
  readonly #policy: CompiledPolicy;
  #use: TokenUse | undefined;

  constructor(policy: CompiledPolicy) {
    this.#policy = policy;
  }

  /** The token that went to the backend. */
  sent(use: TokenUse | undefined): void {
    this.#use = use;
  }

  /**
   * Whether the body of the answer has to be looked at.
   *
   * @param response its headers, once they are there
   */
  concerns(response: ResponseMeta | undefined): boolean {
    const { mode, request } = this.#policy;
    // In Audit mode the backend got the message without a token.
    if (mode === 'Audit' || request.token === undefined || request.token.onSecurityFault === 'Ignore') return false;
    return response === undefined || (this.#use !== undefined && mayBeFault(response));
  }

  /** @returns the second attempt, where the answer is such a Fault, the policy wants one and there is a token for it */
  async answered(
    response: ResponseMeta,
    body: Buffer | undefined,
    request: MessageMeta,
    services: MessageServices & { readonly resender?: Resender },
    abandoned: () => boolean,
  ): Promise<Resent | undefined> {
    const use = this.#use;
    const { token } = this.#policy.request;
    if (use === undefined || token === undefined || !this.concerns(response)) return undefined;
    if (!isSecurityFault(response, body)) return undefined;
    this.#use = undefined;
    const another = await services.tokens.backendRefused(use.demand, use.used);
    const { resender } = services;
    if (!another || token.onSecurityFault !== 'Retry' || resender === undefined || abandoned()) return undefined;
    return resend(this.#policy, token, use, request, { ...services, resender });
  }
}
