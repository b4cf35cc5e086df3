/** Tells when the files of a folder (or one file) have changed, and have come to rest. */

import { watch, type FSWatcher } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds between looks: notifications do not come over network file systems, nor for what symbolic links hide. */
const POLL = 400;
/** Milliseconds without a change after which files are taken to be whole. */
const SETTLE = 60;
/** Looks after which files that never come to rest are read as they are. */
const MAX_LOOKS = 8;

/**
 * Follows symbolic links, as a mounted ConfigMap or Secret has them: Kubernetes changes all of its files at once by
 * exchanging the link `..data`.
 */
export class ChangeWatcher {
  readonly #path: string;
  readonly #onChange: () => Promise<void>;
  #seen = '';
  #timer: NodeJS.Timeout | undefined;
  #notifier: FSWatcher | undefined;
  #looking = false;
  #closed = false;

  /** @param onChange called once for each change, never while the call before is under way */
  constructor(path: string, onChange: () => Promise<void>) {
    this.#path = path;
    this.#onChange = onChange;
  }

  /** Takes the present state for known, and watches from now on. */
  async start(): Promise<void> {
    this.#seen = await fingerprint(this.#path);
    this.#timer = setInterval(() => void this.#look(), POLL);
    this.#timer.unref();
    try {
      this.#notifier = watch(this.#path, { persistent: false }, () => void this.#look());
      this.#notifier.on('error', () => this.#notifier?.close());
    } catch {
      // No notifications here; the timer looks.
    }
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#notifier?.close();
  }

  async #look(): Promise<void> {
    if (this.#looking || this.#closed) return;
    this.#looking = true;
    try {
      let present = await fingerprint(this.#path);
      if (present === this.#seen) return;
      for (let looks = 0; looks < MAX_LOOKS; looks++) {
        await sleep(SETTLE, undefined, { ref: false });
        const later = await fingerprint(this.#path);
        if (later === present) break;
        present = later;
      }
      this.#seen = present;
      if (!this.#isClosed()) await this.#onChange();
    } finally {
      this.#looking = false;
    }
  }

  #isClosed(): boolean {
    return this.#closed;
  }
}

/** A text that differs whenever a file was added, removed, replaced or written. */
async function fingerprint(place: string): Promise<string> {
  const status = await statOf(place);
  if (status === undefined) return 'absent';
  if (!status.isDirectory()) return describe(status);
  const names = await readdir(place).catch(() => []);
  const lines = await Promise.all(
    names.sort().map(async (name) => {
      const file = await statOf(path.join(place, name));
      return `${name} ${file === undefined ? 'absent' : describe(file)}`;
    }),
  );
  return lines.join('\n');
}

type Status = Awaited<ReturnType<typeof statOf>>;

async function statOf(place: string) {
  return stat(place).catch(() => undefined);
}

function describe({ ino, size, mtimeMs, ctimeMs }: NonNullable<Status>): string {
  return `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
}
