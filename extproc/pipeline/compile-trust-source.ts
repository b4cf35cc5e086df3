/** `wsTrust` of a token service -> WsTrustSettings. */

import type { WSTrust } from '../../crds/token-service-types.ts';
import { durationMs } from '../../policy/duration.ts';
import type { FieldPath } from '../../policy/load.ts';
import { KeyMaterialError } from '../keys/key-material-error.ts';
import { readDecryptionKey } from '../keys/secret-keys.ts';
import { buildTrustStore } from '../keys/trust-bundle.ts';
import type { TrustStore } from '../keys/trust-store.ts';
import type { WsTrustSettings } from '../sts/settings.ts';
import { portOfWsdl, WsdlError } from '../sts/wsdl.ts';
import type { DecryptionKey } from '../wss/settings.ts';
import { compileAddressing } from './compile-addressing.ts';
import { trustBundle } from './compile-verify.ts';
import type { KeySource } from './key-source.ts';

const DEFAULT_KEY_SIZE = 256;
/** As the schema has it for `url`: secrets travel there. */
const SAFE_URL = /^(https:\/\/[^/?#@\s]+|http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?)([/?][^#\s]*)?$/;

/** @returns undefined when there are problems, which `keys` holds then */
export function compileTrustSource(wsTrust: WSTrust, at: FieldPath, keys: KeySource): WsTrustSettings | undefined {
  const { version, appliesTo, tokenType, keyType, keySize, entropy, lifetime, claims, addressing } = wsTrust;
  const { usernameToken, timestamp, x509, mtls } = wsTrust.authentication ?? {};
  const { renew, validate, cancel } = wsTrust;
  const before = keys.problems.length;
  const port = portOf(wsTrust, at, keys);
  const trust = compileTrust(wsTrust, [...at, 'verify', 'trustRefs'], keys);
  const decryptionKeys = compileDecryptionKeys(wsTrust, [...at, 'verify', 'keyRefs'], keys);
  if (port === undefined || keys.problems.length > before) return undefined;
  const digest = usernameToken?.passwordType === 'Digest';
  const delegation = wsTrust.onBehalfOf ? 'OnBehalfOf' : wsTrust.actAs ? 'ActAs' : undefined;
  return {
    ...{ kind: 'wsTrust', ...port, version, tokenType, keyType, claims: claims ?? [] },
    ...{ keySize: keySize ?? DEFAULT_KEY_SIZE, entropy: entropy ?? 'Both', renew, validate, cancel },
    ...{ mutualTls: mtls !== undefined, decryptionKeys },
    ...(appliesTo !== undefined && { appliesTo }),
    ...(lifetime !== undefined && { lifetime: durationMs(lifetime) }),
    ...(delegation && { delegation }),
    ...(usernameToken && { usernameToken: { nonce: digest, created: digest, ...usernameToken } }),
    ...(timestamp && { timestamp: { ttl: durationMs(timestamp.ttl), precision: timestamp.createdFormat } }),
    ...(x509 && { signature: x509 }),
    ...(addressing && { addressing: compileAddressing(addressing) }),
    ...(trust && { trust }),
  };
}

/** The address and version of SOAP, given or looked up in the WSDL. */
function portOf(
  { url, soapVersion, wsdlRef, serviceName, portName }: WSTrust,
  at: FieldPath,
  keys: KeySource,
): Pick<WsTrustSettings, 'url' | 'soapVersion'> | undefined {
  if (wsdlRef === undefined) return url === undefined ? undefined : { url, soapVersion };
  const { key } = wsdlRef;
  return keys.attempt(
    [...at, 'wsdlRef'],
    () => {
      const material = keys.get(wsdlRef);
      const octets = material.data[key];
      if (octets === undefined) throw new KeyMaterialError(material, key, 'is missing; put the WSDL there');
      const port = portOfWsdl(octets, serviceName, portName);
      if (SAFE_URL.test(port.url)) return port;
      throw new KeyMaterialError(material, key, 'the address of the port must begin with https://; give it as url');
    },
    (error) => error instanceof KeyMaterialError || error instanceof WsdlError,
  );
}

function compileTrust({ verify }: WSTrust, at: FieldPath, keys: KeySource): TrustStore | undefined {
  const references = verify?.trustRefs;
  if (references === undefined) return undefined;
  const bundles = references.map((reference, index) =>
    keys.attempt([...at, index], () => trustBundle(reference, keys)),
  );
  return buildTrustStore(bundles.filter((bundle) => bundle !== undefined));
}

function compileDecryptionKeys({ verify }: WSTrust, at: FieldPath, keys: KeySource): DecryptionKey[] {
  return (verify?.keyRefs ?? []).flatMap((reference, index) => {
    const found = keys.attempt([...at, index], () => {
      const material = keys.get(reference);
      const key = readDecryptionKey(material);
      if (key.certificate) keys.uses(material, [key.certificate]);
      return key;
    });
    return found ? [found] : [];
  });
}
