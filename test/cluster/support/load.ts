/** Requests without pause while something happens, every outcome counted. */

import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { send } from '../../e2e/support/http.ts';

/** Requests at a time. */
export const CLIENTS = 4;
/** Milliseconds between two requests of a client: the machine has other work to do meanwhile. */
const PAUSE = 5;

export interface LoadResult {
  readonly sent: number;
  /** What was not as expected, with how often. */
  readonly odd: Readonly<Record<string, number>>;
}

/**
 * Sends from before `action` begins until a moment after it has ended.
 *
 * @param isGood of an answer; every other one, and none at all, is odd
 */
export async function underLoad(
  url: string,
  body: string,
  isGood: (status: number, text: string) => boolean,
  action: () => Promise<void>,
): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const odd: Record<string, number> = {};
  let sent = 0;
  let over = false;
  const client = async (): Promise<void> => {
    while (!over) {
      sent++;
      const outcome = await send(url, body, { agent }).then(
        ({ status, text }) => (isGood(status, text) ? undefined : `${status} ${text.slice(0, 300)}`),
        (error: Error) => error.message,
      );
      if (outcome !== undefined) odd[outcome] = (odd[outcome] ?? 0) + 1;
      await sleep(PAUSE);
    }
  };
  const clients = Array.from({ length: CLIENTS }, client);
  try {
    await sleep(300);
    await action();
    await sleep(500);
  } finally {
    over = true;
    await Promise.all(clients);
    agent.destroy();
  }
  return { sent, odd };
}
