/** Leaves a service alone that does not answer, and tries once in a while whether it does again. */

import { TokenServiceOpenError } from './errors.ts';

export interface CircuitBreakerOptions {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** Milliseconds. */
  readonly openFor: number;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
}

/** `Unknown`: the request was given up before it could show anything. */
export type Finding = 'Answered' | 'Failed' | 'Unknown';

export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  #failures = 0;
  /** Undefined: closed. */
  #openedAt: number | undefined;
  /** Whether the one request that may find out is under way. */
  #trial = false;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
  }

  /** True until a request has been answered again, so also while one is tried. */
  get isOpen(): boolean {
    return this.#openedAt !== undefined;
  }

  /** @throws {TokenServiceOpenError} when a request must not be sent now */
  check(): void {
    if (this.#openedAt === undefined) return;
    const since = this.#options.now() - this.#openedAt;
    // A clock that was set back must not keep it open.
    const over = since >= this.#options.openFor || since < 0;
    if (this.#trial || !over) throw new TokenServiceOpenError('the token service is left alone, it does not answer');
  }

  /**
   * To be called right before a request is sent.
   *
   * @returns to be called once, with what the request showed
   * @throws {TokenServiceOpenError} as {@link check}
   */
  enter(): (finding: Finding) => void {
    this.check();
    const isTrial = this.#openedAt !== undefined;
    this.#trial = isTrial;
    return (finding) => {
      if (isTrial) this.#trial = false;
      this.#count(finding, isTrial);
    };
  }

  #count(finding: Finding, isTrial: boolean): void {
    if (finding === 'Unknown') return;
    if (finding === 'Answered') {
      this.#failures = 0;
      this.#openedAt = undefined;
      return;
    }
    this.#failures++;
    // Requests that were under way when it opened do not keep it open for longer.
    const opens = this.#openedAt === undefined && this.#failures >= this.#options.failures;
    if (isTrial || opens) this.#openedAt = this.#options.now();
  }
}
