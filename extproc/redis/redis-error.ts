/** What an error of Redis, or of the way there, says. Errors themselves are not for the log: they hold what was sent. */

import type { ErrorKind } from './redis-metrics.ts';

/** No answer within the time that a caller waits. */
export class RedisTimeoutError extends Error {
  override readonly name = 'RedisTimeoutError';
}

/** By the word that an answer of Redis begins with. */
const KINDS: ReadonlyMap<string, ErrorKind> = new Map([
  ...(['NOAUTH', 'WRONGPASS', 'NOPERM'] as const).map((word) => [word, 'auth'] as const),
  ...(['READONLY', 'UNBLOCKED'] as const).map((word) => [word, 'readonly'] as const),
  ...(['LOADING', 'MASTERDOWN', 'BUSY'] as const).map((word) => [word, 'loading'] as const),
  ...(['OOM'] as const).map((word) => [word, 'memory'] as const),
  ...(['CLUSTERDOWN', 'MOVED', 'ASK', 'TRYAGAIN', 'CROSSSLOT'] as const).map((word) => [word, 'cluster'] as const),
]);

export function kindOf(error: unknown): ErrorKind {
  if (error instanceof RedisTimeoutError) return 'timeout';
  if (!(error instanceof Error)) return 'reply';
  if (error.message === 'Command timed out') return 'timeout';
  // Of a command within a script, of which it is said in words only.
  if (error.message.startsWith('ERR The user executing the script')) return 'auth';
  const known = KINDS.get(firstWord(error));
  return known ?? (error.name === 'ReplyError' ? 'reply' : 'connection');
}

/** A word or two for the log: `ECONNREFUSED`, `WRONGPASS`, `CERT_HAS_EXPIRED`. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') return code;
  const word = firstWord(error);
  if (/^[A-Z]{2,}$/.test(word)) return word;
  // Of Sentinels and Clusters, which have tried several ways.
  const cause =
    /ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|WRONGPASS|NOAUTH|NOPERM|Command timed out/.exec(
      [error.message, (error as { lastNodeError?: Error }).lastNodeError?.message].join(' '),
    );
  return cause?.[0] ?? kindOf(error);
}

function firstWord(error: Error): string {
  return error.message.split(' ', 1)[0];
}
