/**
 * The keys that seal what processes share: a folder with one file for each key, such as a mounted Secret. To change keys,
 * a file is added whose name comes after the others (`2026-11` after `2026-05`); the older one goes when every process
 * has the newer and what the older sealed has ended.
 */

import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { ChangeWatcher } from '../config/change-watcher.ts';
import type { Logger } from '../observe/log.ts';
import type { RedisMetrics } from './redis-metrics.ts';

export const KEY_ID_BYTES = 8;
const KEY_BYTES = 32;
const MAX_FILES = 64;
const MAX_FILE_BYTES = 256;

/** The folder cannot be used. The text says where and how to mend it, and nothing of what a file holds. */
export class CacheKeysError extends Error {
  override readonly name = 'CacheKeysError';
}

/** One key, for sealing. */
export interface CacheKey {
  /** Stands in front of what the key sealed. */
  readonly id: Buffer;
  readonly sealing: KeyObject;
}

interface KeySet {
  readonly byId: ReadonlyMap<string, CacheKey>;
  readonly last: CacheKey;
  readonly index: Buffer;
}

export class CacheKeys {
  #keys: KeySet;
  readonly #watcher: ChangeWatcher;

  private constructor(folder: string, keys: KeySet, metrics: RedisMetrics, logger: Logger) {
    this.#keys = keys;
    this.#watcher = new ChangeWatcher(folder, async () => {
      try {
        this.#keys = await readKeys(folder);
        metrics.keyReload('taken');
        logger.info({ keys: this.#keys.byId.size }, 'cache keys read anew');
      } catch (error) {
        metrics.keyReload('refused');
        const reason = error instanceof CacheKeysError ? error.message : 'unknown';
        logger.error({ reason }, 'the cache keys have changed and cannot be used; those before stay in use');
      }
    });
  }

  /**
   * Reads the folder, and again whenever it changes; while it is broken then, what was read before stays in use.
   *
   * @throws CacheKeysError when it cannot be used from the start
   */
  static async open(folder: string, options: { metrics: RedisMetrics; logger: Logger }): Promise<CacheKeys> {
    const keys = new CacheKeys(folder, await readKeys(folder), options.metrics, options.logger);
    await keys.#watcher.start();
    return keys;
  }

  /** The key to seal with. */
  get last(): CacheKey {
    return this.#keys.last;
  }

  /** The key that has sealed something. */
  find(id: Buffer): CacheKey | undefined {
    return this.#keys.byId.get(id.toString('hex'));
  }

  /** A key, of the same file as {@link last}, for naming what is sealed. The same Buffer until the folder changes. */
  indexKey(): Buffer {
    return this.#keys.index;
  }

  close(): void {
    this.#watcher.close();
  }
}

async function readKeys(folder: string): Promise<KeySet> {
  let names: string[];
  try {
    // Kubernetes keeps files of its own beside those of a Secret, under names with a dot.
    names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
  } catch (error) {
    throw new CacheKeysError(`the folder of cache keys ${folder} cannot be read (${codeOf(error)})`);
  }
  if (names.length === 0) throw new CacheKeysError(`the folder of cache keys ${folder} is empty; ${mend(folder)}`);
  if (names.length > MAX_FILES) {
    throw new CacheKeysError(
      `the folder of cache keys ${folder} holds ${names.length} files; at most ${MAX_FILES} are read`,
    );
  }
  const secrets = await Promise.all(names.map((name) => readSecret(path.join(folder, name), folder)));
  const keys = secrets.map((secret) => ({
    id: derive(secret, 'identifier', KEY_ID_BYTES),
    sealing: createSecretKey(derive(secret, 'sealing', KEY_BYTES)),
  }));
  const index = derive(secrets[secrets.length - 1], 'index', KEY_BYTES);
  for (const secret of secrets) secret.fill(0);
  return { byId: new Map(keys.map((key) => [key.id.toString('hex'), key])), last: keys[keys.length - 1], index };
}

async function readSecret(file: string, folder: string): Promise<Buffer> {
  let bytes: Buffer;
  try {
    const status = await stat(file);
    if (!status.isFile()) throw new CacheKeysError(`the cache key ${file} is not a file; ${mend(folder)}`);
    if (status.size > MAX_FILE_BYTES) {
      throw new CacheKeysError(`the cache key ${file} has ${status.size} bytes; ${mend(folder)}`);
    }
    bytes = await readFile(file);
  } catch (error) {
    if (error instanceof CacheKeysError) throw error;
    throw new CacheKeysError(`the cache key ${file} cannot be read (${codeOf(error)})`);
  }
  const secret = decodeSecret(bytes);
  bytes.fill(0);
  if (secret === undefined) {
    throw new CacheKeysError(
      `the cache key ${file} is not ${KEY_BYTES} bytes, raw or in base64 or hexadecimal; ${mend(folder)}`,
    );
  }
  if (secret.every((byte) => byte === secret[0])) {
    throw new CacheKeysError(`the cache key ${file} is one byte repeated, not random; ${mend(folder)}`);
  }
  return secret;
}

function decodeSecret(bytes: Buffer): Buffer | undefined {
  // Text of that length is a password, or half a key in hexadecimal.
  if (bytes.length === KEY_BYTES)
    return bytes.every((byte) => byte > 0x1f && byte < 0x7f) ? undefined : Buffer.from(bytes);
  const text = bytes.toString('latin1').replace(/\r?\n$/, '');
  if (/^[0-9A-Fa-f]{64}$/.test(text)) return Buffer.from(text, 'hex');
  return /^[0-9A-Za-z+/]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}

/** HKDF (RFC 5869): keys for different purposes tell nothing of each other. */
function derive(secret: Buffer, purpose: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `waxseal cache ${purpose}`, length));
}

function mend(folder: string): string {
  return `make a key with: openssl rand -base64 32 > ${path.join(folder, '2026-11')}`;
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown';
}
