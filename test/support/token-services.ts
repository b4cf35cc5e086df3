/** Settings of token services for tests, with the defaults of the schema. */

import { readSigningKey } from '../../extproc/keys/secret-keys.ts';
import type {
  ExternalSettings,
  TokenCredential,
  TokenServiceSettings,
  WsTrustSettings,
} from '../../extproc/sts/settings.ts';
import { clientCertificate } from '../../extproc/pipeline/compile-token-credential.ts';
import type { Identity } from './pki.ts';

export function trustSource(settings: Pick<WsTrustSettings, 'url'> & Partial<WsTrustSettings>): WsTrustSettings {
  return {
    ...{ kind: 'wsTrust', version: '1.3', soapVersion: '1.2', tokenType: 'SAML2', keyType: 'Bearer', keySize: 256 },
    ...{ entropy: 'Both', claims: [], mutualTls: false, decryptionKeys: [] },
    ...{ renew: false, validate: false, cancel: false },
    ...settings,
  };
}

export function tokenService(
  source: WsTrustSettings | ExternalSettings,
  settings: Partial<TokenServiceSettings> = {},
): TokenServiceSettings {
  return {
    ...{ id: 'shop/sts', version: '1', source },
    cache: { ttl: 3_600_000, refreshBefore: 60_000, staleOnError: true },
    connectionTimeout: 5000,
    throttle: { minInterval: 0, maxConcurrent: 8 },
    retryAttempts: 0,
    circuitBreaker: { failures: 5, openFor: 30_000 },
    tls: {},
    ...settings,
  };
}

/** @param chain what else is in the Secret's `tls.crt` */
export function keyCredential(identity: Identity, chain = ''): TokenCredential {
  const data = {
    'tls.crt': Buffer.from(identity.certificatePem + chain),
    'tls.key': Buffer.from(identity.privateKeyPem),
  };
  const key = readSigningKey({ kind: 'Secret', name: 'sts-key', data });
  return { name: 'key', fingerprint: identity.certificate.fingerprint, key, client: clientCertificate(key) };
}

export function userCredential(username: string, password: string): TokenCredential {
  return { name: 'user', fingerprint: 'user', username, password };
}
