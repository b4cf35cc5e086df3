/** The lines of a watch. */

import type { IncomingMessage } from 'node:http';
import type { KubernetesObject } from '../../policy/kubernetes.ts';
import { MalformedError, UnreachableError } from './errors.ts';

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  /** The object; of a BOOKMARK only its resourceVersion; of an ERROR a `Status`. */
  readonly object: KubernetesObject;
}

/** etcd takes objects of 1.5 MiB; JSON may be several times as long. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
const TYPES: ReadonlySet<unknown> = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']);

/**
 * Hands on each event until the API server ends the watch, or nothing comes any more: the connection may be dead.
 *
 * @param inactivityMs so long without a byte is silence: an API server that lives sends a bookmark every minute
 * @throws {UnreachableError} where the connection breaks
 * @throws {MalformedError} for what is no event
 * @throws whatever `onEvent` throws
 */
export async function readWatch(
  response: IncomingMessage,
  inactivityMs: number,
  onEvent: (event: WatchEvent) => void,
): Promise<'ended' | 'silent'> {
  const lines = new LineSplitter();
  let silent = false;
  const timer = setTimeout(() => {
    silent = true;
    response.destroy();
  }, inactivityMs);
  const body = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    for (;;) {
      const chunk = await nextChunk(body, () => silent);
      if (chunk === undefined) return silent ? 'silent' : 'ended';
      timer.refresh();
      lines.push(chunk, (line) => onEvent(parseEvent(line)));
    }
  } finally {
    clearTimeout(timer);
    response.destroy();
  }
}

/** @returns undefined at the end, also where we made it end ourselves */
async function nextChunk(body: AsyncIterator<Buffer>, endedByUs: () => boolean): Promise<Buffer | undefined> {
  try {
    const { value, done } = (await body.next()) as { value: Buffer; done?: boolean };
    return done === true ? undefined : value;
  } catch (error) {
    if (endedByUs()) return undefined;
    throw new UnreachableError(`the watch broke off: ${(error as Error).message}`, { cause: error });
  }
}

function parseEvent(line: string): WatchEvent {
  let event: Partial<WatchEvent> | null;
  try {
    event = JSON.parse(line) as Partial<WatchEvent> | null;
  } catch {
    throw new MalformedError('the watch sent a line that is not JSON');
  }
  const object = event?.object;
  if (!TYPES.has(event?.type) || typeof object !== 'object' || (object as unknown) === null) {
    throw new MalformedError('the watch sent something that is not an event');
  }
  if (
    event?.type !== 'ERROR' &&
    typeof (object.metadata as { resourceVersion?: unknown } | undefined)?.resourceVersion !== 'string'
  ) {
    throw new MalformedError('the watch sent an object without a resourceVersion');
  }
  return event as WatchEvent;
}

/** Finds the ends of lines in what arrives in pieces; looks at each byte once. */
export class LineSplitter {
  #pieces: Buffer[] = [];
  #length = 0;

  /** @throws {MalformedError} for a line that is too long */
  push(chunk: Buffer, onLine: (line: string) => void): void {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      this.#pieces.push(chunk.subarray(start, end));
      start = end + 1;
      const line = Buffer.concat(this.#pieces).toString('utf8');
      this.#pieces = [];
      this.#length = 0;
      if (line !== '') onLine(line);
    }
    if (start === chunk.length) return;
    this.#pieces.push(chunk.subarray(start));
    this.#length += chunk.length - start;
    if (this.#length > MAX_LINE_BYTES) throw new MalformedError(`a line is longer than ${MAX_LINE_BYTES} bytes`);
  }
}
