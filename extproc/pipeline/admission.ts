/** Bounds on what is in the process at a time: beyond them messages are refused, instead of memory growing. */

import { OverloadError } from './errors.ts';

export interface AdmissionLimits {
  /** Exchanges under way, whether we or the backend have the message. */
  readonly maxExchanges: number;
  /** Bytes of bodies that are received or worked on. */
  readonly maxBytes: number;
}

export class Admission {
  readonly #limits: AdmissionLimits;
  #exchanges = 0;
  #bytes = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  get exchanges(): number {
    return this.#exchanges;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Admits one exchange. @returns false: there are too many */
  enter(): boolean {
    if (this.#exchanges >= this.#limits.maxExchanges) return false;
    this.#exchanges++;
    return true;
  }

  leave(): void {
    this.#exchanges--;
  }

  /** Admits bytes of a body, until `release`. @returns false: there are too many */
  reserve(bytes: number): boolean {
    if (this.#bytes + bytes > this.#limits.maxBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** What a message is told that is not admitted. */
  refusal(): OverloadError {
    return new OverloadError(`${this.#exchanges} exchanges and ${this.#bytes} bytes are under way`);
  }
}
