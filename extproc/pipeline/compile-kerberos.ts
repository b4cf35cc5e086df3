/** `kerberos` of a policy's `verify` and `secure` -> settings, with keytabs read. */

import { createHash } from 'node:crypto';
import type { SecureKerberos, VerifyKerberos } from '../../crds/types.ts';
import { canonicalJson, type ResolvedSecure } from '../../policy/bundle.ts';
import { durationMs } from '../../policy/duration.ts';
import type { FieldPath } from '../../policy/load.ts';
import { kerberosAddonProblem } from '../kerberos/addon.ts';
import { CredentialCacheError, readCredentialCache } from '../kerberos/credential-cache.ts';
import { KeyMaterialError, type KeyMaterial } from '../keys/key-material-error.ts';
import { encryptionType } from '../wss/kerberos/encryption-type.ts';
import type { KerberosService } from '../wss/kerberos/accept.ts';
import { KeytabError, readKeytab, type KeytabEntry } from '../wss/kerberos/keytab.ts';
import { formatPrincipal, isSamePrincipal, parsePrincipal, type Principal } from '../wss/kerberos/principal.ts';
import type { PhaseToken } from './compile.ts';
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

/** Tickets are asked for again that long before their end. */
const REFRESH_BEFORE = 5 * 60_000;
/** Milliseconds for one ticket, which may take several questions to several KDCs. */
const TIMEOUT = 7000;

/**
 * Where the tickets come from that `secure.kerberos` adds: handled like the tokens of a token service, with the same cache
 * and the same bounds.
 *
 * @returns undefined when there are problems, which `keys` holds then
 */
export function compileKerberosToken(
  { signature }: ResolvedSecure,
  kerberos: SecureKerberos,
  at: FieldPath,
  keys: KeySource,
): PhaseToken | undefined {
  const { servicePrincipal, clientPrincipal, keytabRef, credentialCacheRef, valueType } = kerberos;
  const service = parsePrincipal(servicePrincipal);
  const client = clientPrincipal === undefined ? undefined : parsePrincipal(clientPrincipal);
  if (service === undefined) return undefined;
  const problem = kerberosAddonProblem();
  if (problem !== undefined) keys.report(at, problem);
  const keytab =
    keytabRef && client && keys.attempt([...at, 'keytabRef'], () => clientKeytab(keys.get(keytabRef), client));
  const credentialCache =
    credentialCacheRef && keys.attempt([...at, 'credentialCacheRef'], () => cacheOf(keys.get(credentialCacheRef)));
  if (problem !== undefined || (keytab === undefined && credentialCache === undefined)) return undefined;
  const version = createHash('sha256').update(canonicalJson({ policy: keys.owner, kerberos }));
  for (const octets of [keytab, credentialCache]) version.update(octets ?? '');
  return {
    onSecurityFault: 'Invalidate',
    service: {
      onNoCredential: 'Refuse',
      settings: {
        id: `${keys.owner}#kerberos`,
        version: version.digest('hex'),
        source: {
          ...{ kind: 'kerberos', service, framed: valueType === 'GSS' },
          reference: signature?.keyIdentifier === 'KerberosSHA1' ? 'KeyIdentifier' : 'Direct',
          ...(client && { client }),
          ...(keytab && { keytab }),
          ...(credentialCache && { credentialCache }),
        },
        cache: { ttl: Infinity, refreshBefore: REFRESH_BEFORE, staleOnError: true },
        connectionTimeout: TIMEOUT,
        throttle: { minInterval: 0, maxConcurrent: 1 },
        retryAttempts: 1,
        circuitBreaker: { failures: 5, openFor: 30_000 },
        tls: {},
      },
    },
  };
}

function clientKeytab(material: KeyMaterial, client: Principal): Buffer {
  keysOf(material, client);
  return keytabOf(material).octets;
}

function cacheOf(material: KeyMaterial): Buffer {
  const octets = material.data['ccache'];
  if (octets === undefined) {
    throw new KeyMaterialError(
      material,
      'ccache',
      'is missing; put a credential cache file there, such as kinit -c writes',
    );
  }
  try {
    readCredentialCache(octets);
    return octets;
  } catch (error) {
    if (!(error instanceof CredentialCacheError)) throw error;
    throw new KeyMaterialError(material, 'ccache', error.message);
  }
}
