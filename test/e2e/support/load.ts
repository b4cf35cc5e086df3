/** Requests without end, a few at a time, until told to stop. */

import { setTimeout as sleep } from 'node:timers/promises';
import { send, type HttpAnswer } from './http.ts';

export interface LoadResult {
  readonly answers: number;
  /** Those that were not 200, and requests that got no answer. */
  readonly odd: readonly string[];
}

const CLIENTS = 4;
/** Milliseconds from an answer to the next request. */
const PAUSE = 40;

export class Load {
  /** The answers that are not 200, as they come. */
  readonly refusals: HttpAnswer[] = [];
  #answers = 0;
  readonly #odd: string[] = [];
  #stopped = false;
  readonly #clients: Promise<void>[];

  private constructor(url: string, body: string, headers: Record<string, string>) {
    this.#clients = Array.from({ length: CLIENTS }, () => this.#run(url, body, headers));
  }

  static start(url: string, body: string, headers: Record<string, string>): Load {
    return new Load(url, body, headers);
  }

  get answers(): number {
    return this.#answers;
  }

  /** Ends when what is under way has its answer. */
  async stop(): Promise<LoadResult> {
    this.#stopped = true;
    await Promise.all(this.#clients);
    return { answers: this.#answers, odd: this.#odd };
  }

  async #run(url: string, body: string, headers: Record<string, string>): Promise<void> {
    while (!this.#stopped) {
      try {
        const answer = await send(url, body, { headers });
        this.#answers++;
        if (answer.status !== 200) {
          this.refusals.push(answer);
          this.#odd.push(`${answer.status} ${answer.text}`);
        }
      } catch (error) {
        this.#odd.push((error as Error).message);
      }
      await sleep(PAUSE);
    }
  }
}
