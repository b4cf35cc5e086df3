/** `kerberos` of a policy's `verify` and `secure` -> settings, with keytabs read. */

import type { VerifyKerberos } from '../../crds/types.ts';
import { durationMs } from '../../policy/duration.ts';
import type { FieldPath } from '../../policy/load.ts';
import { KeyMaterialError, type KeyMaterial } from '../keys/key-material-error.ts';
import { encryptionType } from '../wss/kerberos/encryption-type.ts';
import type { KerberosService } from '../wss/kerberos/accept.ts';
import { KeytabError, readKeytab, type KeytabEntry } from '../wss/kerberos/keytab.ts';
import { formatPrincipal, isSamePrincipal, parsePrincipal, type Principal } from '../wss/kerberos/principal.ts';
import type { KeySource } from './key-source.ts';

/** @returns undefined when there are problems, which `keys` holds then */
export function compileKerberosService(
  kerberos: VerifyKerberos,
  at: FieldPath,
  keys: KeySource,
): KerberosService | undefined {
  const principal = parsePrincipal(kerberos.servicePrincipal);
  if (principal === undefined) {
    keys.report([...at, 'servicePrincipal'], 'is no name of Kerberos with a realm');
    return undefined;
  }
  const entries = keys.attempt([...at, 'keytabRef'], () => keysOf(keys.get(kerberos.keytabRef), principal));
  return (
    entries && {
      principal,
      keys: entries,
      clockSkew: durationMs(kerberos.clockSkew),
      ...(kerberos.principals && { clients: kerberos.principals }),
    }
  );
}

/** The keys of a principal that are of types we use. @throws KeyMaterialError when there is none */
function keysOf(material: KeyMaterial, principal: Principal): KeytabEntry[] {
  const entries = keytabOf(material).entries.filter((entry) => isSamePrincipal(entry.principal, principal));
  const name = formatPrincipal(principal);
  if (entries.length === 0) {
    throw new KeyMaterialError(
      material,
      'keytab',
      `holds no key of ${name}; make it with ktadd or ktpass for that name`,
    );
  }
  const usable = entries.filter(({ encryptionType: type, key }) => encryptionType(type)?.keyBytes === key.length);
  if (usable.length === 0) {
    throw new KeyMaterialError(
      material,
      'keytab',
      `holds no AES key of ${name}, and RC4, DES and Triple DES are no longer safe; let the KDC make AES keys`,
    );
  }
  return usable;
}

interface Keytab {
  readonly octets: Buffer;
  readonly entries: readonly KeytabEntry[];
}

function keytabOf(material: KeyMaterial): Keytab {
  const octets = material.data['keytab'];
  if (octets === undefined) throw new KeyMaterialError(material, 'keytab', 'is missing; put the keytab file there');
  try {
    return { octets, entries: readKeytab(octets) };
  } catch (error) {
    if (!(error instanceof KeytabError)) throw error;
    throw new KeyMaterialError(material, 'keytab', error.message);
  }
}
