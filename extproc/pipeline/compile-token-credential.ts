/** One entry of a token service's `credentials` -> TokenCredential. */

import { createHash } from 'node:crypto';
import type { SecurityTokenServiceSpec, TokenServiceCredential } from '../../crds/token-service-types.ts';
import { canonicalJson } from '../../policy/bundle.ts';
import type { FieldPath } from '../../policy/load.ts';
import { KeyMaterialError, type KeyMaterial } from '../keys/key-material-error.ts';
import { readSigningKey } from '../keys/secret-keys.ts';
import type { ClientCertificate, TokenCredential } from '../sts/settings.ts';
import type { SigningKey } from '../wss/settings.ts';
import { textUnder, type KeySource } from './key-source.ts';

/** What the service asks of a credential. */
interface Demand {
  readonly username: boolean;
  readonly password: boolean;
  readonly key: boolean;
}

/** @returns undefined when there are problems, which `keys` holds then */
export function compileCredential(
  { name, secretRef }: TokenServiceCredential,
  at: FieldPath,
  spec: SecurityTokenServiceSpec,
  keys: KeySource,
): TokenCredential | undefined {
  const demand = demandOf(spec);
  return keys.attempt(at, () => {
    const material = keys.get(secretRef);
    const username = text(material, 'username', demand.username && 'put the user name there');
    const password = text(material, 'password', demand.password && 'put the password there');
    const authorization =
      spec.external &&
      text(material, 'authorization', username === undefined && 'put the value of the Authorization header there');
    const key = demand.key || hasKey(material) ? readSigningKey(material) : undefined;
    if (key?.certificate !== undefined) keys.uses(material, [key.certificate, ...key.chain]);
    return {
      ...{ name, fingerprint: createHash('sha256').update(contentOf(material)).digest('hex') },
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      ...(authorization !== undefined && { authorization }),
      ...(key && { key, client: clientCertificate(key) }),
    };
  });
}

/** The certificate of a key, for TLS. */
export function clientCertificate({ key, certificate, chain }: SigningKey): ClientCertificate {
  const all = certificate === undefined ? chain : [certificate, ...chain];
  return { key, certificates: all.map(({ x509 }) => x509.toString()).join('') };
}

function demandOf({ wsTrust, external, tls }: SecurityTokenServiceSpec): Demand {
  if (wsTrust === undefined) return { username: false, password: false, key: external === undefined };
  const { usernameToken, x509, mtls } = wsTrust.authentication ?? {};
  return {
    username: usernameToken !== undefined,
    password: usernameToken !== undefined && usernameToken.passwordType !== 'None',
    key: x509 !== undefined || wsTrust.keyType === 'Public' || (mtls !== undefined && tls?.clientCertRef === undefined),
  };
}

/** @param mend how to, where there must be one */
function text(material: KeyMaterial, key: string, mend: string | false): string | undefined {
  const value = textUnder(material, key);
  if (value !== undefined || mend === false) return value;
  throw new KeyMaterialError(material, key, `is missing or empty; ${mend}`);
}

function hasKey({ data }: KeyMaterial): boolean {
  return ['tls.key', 'keystore.p12', 'keystore.pfx'].some((key) => data[key] !== undefined);
}

function contentOf({ data }: KeyMaterial): string {
  return canonicalJson(
    Object.fromEntries(Object.entries(data).map(([key, octets]) => [key, octets.toString('base64')])),
  );
}
