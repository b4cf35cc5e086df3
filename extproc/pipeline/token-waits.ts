/** Bounds on messages that wait for a token: a token service that is slow must not take the room of everybody else's. */

import { OverloadError } from './errors.ts';

export interface TokenWaitLimits {
  /** Messages that wait, of one token service. */
  readonly maxMessages: number;
  /** Their bytes. */
  readonly maxBytes: number;
}

interface Waiting {
  messages: number;
  bytes: number;
}

export class TokenWaits {
  readonly #limits: TokenWaitLimits;
  /** By the service's id. */
  readonly #waiting = new Map<string, Waiting>();

  constructor(limits: TokenWaitLimits) {
    this.#limits = limits;
  }

  /**
   * Waits for a token as one of the service's messages.
   *
   * @param service `namespace/name`
   * @param bytes of the message
   * @throws OverloadError when as many wait already as may
   */
  async wait<T>(service: string, bytes: number, token: Promise<T>): Promise<T> {
    const waiting = this.#waiting.get(service) ?? { messages: 0, bytes: 0 };
    if (waiting.messages >= this.#limits.maxMessages || waiting.bytes + bytes > this.#limits.maxBytes) {
      // Whoever waits already has asked for it, too; nobody is told of this one's failure.
      token.catch(() => undefined);
      throw new OverloadError(`${waiting.messages} messages wait for a token of ${service} already`);
    }
    this.#waiting.set(service, waiting);
    waiting.messages++;
    waiting.bytes += bytes;
    try {
      return await token;
    } finally {
      waiting.messages--;
      waiting.bytes -= bytes;
      if (waiting.messages === 0) this.#waiting.delete(service);
    }
  }
}
