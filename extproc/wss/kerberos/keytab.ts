/** Keys of services, as MIT Kerberos keeps them in files (format 5.2, which `ktutil`, `kadmin` and Active Directory's `ktpass` write). */

import { OctetReader, OctetsError } from './octets.ts';
import type { Principal } from './principal.ts';

export interface KeytabEntry {
  readonly principal: Principal;
  /** Version of the key: a service whose password was changed has several. */
  readonly version: number;
  readonly encryptionType: number;
  readonly key: Buffer;
}

/** The octets are no keytab. The text never holds any of them. */
export class KeytabError extends Error {
  override get name(): string {
    return 'KeytabError';
  }
}

const FORMAT = 0x0502;
const MAX_ENTRIES = 1000;
const MAX_COMPONENTS = 16;

/**
 * Reads all entries of a keytab.
 *
 * @throws KeytabError when it is none, or one with more than 1000 entries
 */
export function readKeytab(octets: Buffer): KeytabEntry[] {
  const reader = new OctetReader(octets);
  try {
    if (reader.uint16() !== FORMAT) throw new KeytabError('is no keytab of format 5.2');
    const entries: KeytabEntry[] = [];
    // Some writers leave the end of the file unused, with a length of zero.
    while (reader.left >= 4) {
      const length = reader.int32();
      if (length === 0) break;
      const content = reader.take(Math.abs(length));
      // A negative length is a hole, where an entry was removed.
      if (length < 0) continue;
      if (entries.length === MAX_ENTRIES) throw new KeytabError(`holds more than ${MAX_ENTRIES} keys`);
      entries.push(readEntry(new OctetReader(content)));
    }
    return entries;
  } catch (error) {
    if (error instanceof OctetsError) throw new KeytabError('is a keytab that is cut off or damaged');
    throw error;
  }
}

function readEntry(reader: OctetReader): KeytabEntry {
  const count = reader.uint16();
  if (count > MAX_COMPONENTS) throw new KeytabError('holds a name with too many components');
  const realm = readText(reader);
  const components = Array.from({ length: count }, () => readText(reader));
  reader.take(4); // kind of the name
  reader.take(4); // when it was written
  const shortVersion = reader.uint8();
  const encryptionType = reader.uint16();
  const key = Buffer.from(reader.take(reader.uint16()));
  const longVersion = reader.left >= 4 ? reader.uint32() : 0;
  const version = longVersion === 0 ? shortVersion : longVersion;
  return { principal: { components, realm }, version, encryptionType, key };
}

function readText(reader: OctetReader): string {
  return reader.take(reader.uint16()).toString('utf8');
}
