/** Certificates and key of a TLS connection, out of files. */

import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

/** Names of files, in PEM. */
export interface RedisTlsFiles {
  /** Authorities; absent: those that the system trusts. */
  readonly ca?: string;
  /** Our certificate and its key; both or none. */
  readonly cert?: string;
  readonly key?: string;
}

export class RedisTlsError extends Error {
  override readonly name = 'RedisTlsError';
}

/**
 * Options of `tls.connect` that are read from the files anew for each connection: certificates are renewed while a process
 * runs. What is broken then does not count, and what was read before stays.
 *
 * @throws RedisTlsError if what the files hold now is not usable
 */
export function tlsFromFiles(files: RedisTlsFiles): {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
} {
  if ((files.cert === undefined) !== (files.key === undefined)) {
    throw new RedisTlsError(
      'the client certificate for Redis and its key are needed together; only one of them is given',
    );
  }
  let last = read(files);
  const options = {};
  for (const name of ['ca', 'cert', 'key'] as const) {
    if (files[name] === undefined) continue;
    Object.defineProperty(options, name, {
      enumerable: true,
      get() {
        // Once for each connection, so that certificate and key belong together.
        if (name === firstOf(files)) last = readAgain(files, last);
        return last[name];
      },
    });
  }
  return options;
}

type Contents = Partial<Record<'ca' | 'cert' | 'key', string>>;

function firstOf(files: RedisTlsFiles): string | undefined {
  return (['ca', 'cert', 'key'] as const).find((name) => files[name] !== undefined);
}

function readAgain(files: RedisTlsFiles, last: Contents): Contents {
  try {
    return read(files);
  } catch {
    return last;
  }
}

function read(files: RedisTlsFiles): Contents {
  const contents: Contents = {};
  for (const name of ['ca', 'cert', 'key'] as const) {
    const file = files[name];
    if (file === undefined) continue;
    try {
      contents[name] = readFileSync(file, 'utf8');
    } catch (error) {
      throw new RedisTlsError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
    }
  }
  if (contents.ca?.includes('-----BEGIN CERTIFICATE-----') === false) {
    throw new RedisTlsError(`${files.ca} holds no certificate (BEGIN CERTIFICATE)`);
  }
  try {
    createSecureContext(contents);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const names = Object.values(files).join(', ');
    throw new RedisTlsError(
      `of the files for TLS with Redis (${names}) one is no PEM, or they do not fit (${code ?? 'unknown'})`,
    );
  }
  return contents;
}
