/** Private keys for tests. RSA keys take long to make, so they are kept in a directory of the user's own under the system's temporary one. */

import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

export type TestKeyKind =
  | 'rsa1024'
  | 'rsa2048'
  | 'rsa3072'
  | 'ec256'
  | 'ec384'
  | 'ec521'
  | 'secp256k1'
  | 'ed25519'
  | 'ed448'
  | 'x25519'
  | 'x448';

const curves = { ec256: 'P-256', ec384: 'P-384', ec521: 'P-521', secp256k1: 'secp256k1' } as const;
const known = new Map<string, KeyObject>();

/**
 * A private key, the same for the same name and kind in one process; RSA keys also from one run to the next.
 *
 * @param name letters, digits and hyphens
 */
export function testKey(kind: TestKeyKind, name: string): KeyObject {
  const id = `${kind}-${name}`;
  const key = known.get(id) ?? (kind.startsWith('rsa') ? storedRsaKey(id, Number(kind.slice(3))) : newKey(kind));
  known.set(id, key);
  return key;
}

function newKey(kind: TestKeyKind): KeyObject {
  if (kind === 'ed25519') return generateKeyPairSync('ed25519').privateKey;
  if (kind === 'ed448') return generateKeyPairSync('ed448').privateKey;
  if (kind === 'x25519') return generateKeyPairSync('x25519').privateKey;
  if (kind === 'x448') return generateKeyPairSync('x448').privateKey;
  return generateKeyPairSync('ec', { namedCurve: curves[kind as keyof typeof curves] }).privateKey;
}

function storedRsaKey(id: string, modulusLength: number): KeyObject {
  const directory = join(tmpdir(), `waxseal-test-keys-${userInfo().uid}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (statSync(directory).uid !== userInfo().uid) throw new Error(`${directory} belongs to somebody else`);
  const file = join(directory, `${id}.pem`);
  try {
    return createPrivateKey(readFileSync(file));
  } catch {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength });
    // Two processes may make it at once: the last one stays, and each goes on with its own.
    const unfinished = `${file}.${process.pid}`;
    writeFileSync(unfinished, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    renameSync(unfinished, file);
    return privateKey;
  }
}
