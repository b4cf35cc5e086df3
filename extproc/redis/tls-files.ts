/** Certificates and key of a TLS connection, out of files. */

import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

/** Names of files, in PEM. */
export interface RedisTlsFiles {
  /** Authorities; absent: those that the system trusts. */
  readonly ca?: string;
  /** Our certificate and its key; both or none. */
  readonly certificate?: string;
  readonly key?: string;
}

export class RedisTlsError extends Error {
  override readonly name = 'RedisTlsError';
}

/** Texts of the files, under the names of `tls.connect`. */
interface TlsTexts {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * Options of `tls.connect` that are read from the files anew for each connection: certificates are renewed while a process
 * runs. What is broken then does not count, and what was read before stays.
 *
 * @throws RedisTlsError if what the files hold now is not usable
 */
export function tlsFromFiles(files: RedisTlsFiles): TlsTexts {
  if ((files.certificate === undefined) !== (files.key === undefined)) {
    throw new RedisTlsError(
      'the client certificate for Redis and its key are needed together; only one of them is given',
    );
  }
  let last = read(files);
  const names = (['ca', 'cert', 'key'] as const).filter((name) => last[name] !== undefined);
  const options = {};
  for (const name of names) {
    Object.defineProperty(options, name, {
      enumerable: true,
      get() {
        // Once for each connection, so that certificate and key belong together.
        if (name === names[0]) last = readAgain(files, last);
        return last[name];
      },
    });
  }
  return options;
}

function readAgain(files: RedisTlsFiles, last: TlsTexts): TlsTexts {
  try {
    return read(files);
  } catch {
    return last;
  }
}

function read(files: RedisTlsFiles): TlsTexts {
  const { ca, certificate, key } = files;
  const texts: TlsTexts = {
    ...(ca !== undefined && { ca: readText(ca) }),
    ...(certificate !== undefined && { cert: readText(certificate) }),
    ...(key !== undefined && { key: readText(key) }),
  };
  if (texts.ca?.includes('-----BEGIN CERTIFICATE-----') === false) {
    throw new RedisTlsError(`${ca} holds no certificate (BEGIN CERTIFICATE)`);
  }
  try {
    createSecureContext(texts);
  } catch (error) {
    const names = [ca, certificate, key].filter((name) => name !== undefined).join(', ');
    const { code } = error as NodeJS.ErrnoException;
    throw new RedisTlsError(
      `of the files for TLS with Redis (${names}) one is no PEM, or they do not fit together (${code ?? 'unknown'})`,
    );
  }
  return texts;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new RedisTlsError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}
