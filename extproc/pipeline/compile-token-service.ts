/** A resolved SecurityTokenService -> one that can be asked: keys are key objects, durations milliseconds. */

import { createHash } from 'node:crypto';
import type { SecurityTokenServiceSpec } from '../../crds/token-service-types.ts';
import { canonicalJson, type ResolvedTokenService } from '../../policy/bundle.ts';
import { durationMs } from '../../policy/duration.ts';
import type { FieldPath } from '../../policy/load.ts';
import type { Problem } from '../../policy/problem.ts';
import { readCertificates, readSigningKey } from '../keys/secret-keys.ts';
import type { TokenCredential, TokenServiceSettings } from '../sts/settings.ts';
import { compileTrustSource } from './compile-trust-source.ts';
import { clientCertificate, compileCredential } from './compile-token-credential.ts';
import type { CertificateExpiry } from './compile.ts';
import { compilePool, type CredentialPool } from './credential-pool.ts';
import { KeySource } from './key-source.ts';

/** A token service, and who asks it for which message. */
export interface CompiledTokenService {
  readonly settings: TokenServiceSettings;
  /** Absent: it is asked by nobody in particular. */
  readonly pool?: CredentialPool<TokenCredential>;
  readonly onNoCredential: 'Refuse' | 'PassUnchanged';
}

export interface TokenServiceCompilation {
  /** Absent where there are problems. */
  readonly service?: CompiledTokenService;
  readonly problems: readonly Problem[];
  readonly certificates: readonly CertificateExpiry[];
}

/** Never throws for what a service or its Secrets hold: what cannot be used is a problem. */
export function compileTokenService(resolved: ResolvedTokenService): TokenServiceCompilation {
  const { namespace, name, spec, material } = resolved;
  const id = `${namespace}/${name}`;
  const keys = new KeySource({ tokenService: id }, material);
  const source = compileSource(spec, keys);
  const tls = compileTls(spec, keys);
  const pool =
    spec.credentials &&
    compilePool(spec.credentials, ['spec', 'credentials'], keys, (entry, at) =>
      compileCredential(entry, [...at, 'secretRef'], spec, keys),
    );
  const { problems, certificates } = keys;
  if (source === undefined || problems.length > 0) return { problems, certificates };
  const { cache, connectionTimeout, throttle, retry, circuitBreaker, onNoCredential } = spec;
  const settings: TokenServiceSettings = {
    ...{ id, version: createHash('sha256').update(canonicalJson(resolved)).digest('hex'), source, tls },
    cache: {
      ttl: durationMs(cache.ttl),
      refreshBefore: durationMs(cache.refreshBefore),
      staleOnError: cache.staleOnError,
    },
    connectionTimeout: durationMs(connectionTimeout),
    throttle: { minInterval: durationMs(throttle.minInterval), maxConcurrent: throttle.maxConcurrent },
    retryAttempts: retry.attempts,
    circuitBreaker: { failures: circuitBreaker.failures, openFor: durationMs(circuitBreaker.openFor) },
  };
  return { service: { settings, onNoCredential, ...(pool && { pool }) }, problems, certificates };
}

function compileSource(
  { wsTrust, external }: SecurityTokenServiceSpec,
  keys: KeySource,
): TokenServiceSettings['source'] | undefined {
  if (wsTrust !== undefined) return compileTrustSource(wsTrust, ['spec', 'wsTrust'], keys);
  if (external === undefined) return undefined;
  const { url, method, headers = {} } = external;
  return { kind: 'external', url, method, headers };
}

function compileTls({ tls }: SecurityTokenServiceSpec, keys: KeySource): TokenServiceSettings['tls'] {
  const at: FieldPath = ['spec', 'tls'];
  const { caRef, clientCertRef } = tls ?? {};
  const ca =
    caRef &&
    keys.attempt([...at, 'caRef'], () => {
      const material = keys.get(caRef);
      const authorities = readCertificates(material, [caRef.key]);
      keys.uses(material, authorities);
      return authorities.map(({ x509 }) => x509.toString()).join('');
    });
  const client =
    clientCertRef &&
    keys.attempt([...at, 'clientCertRef'], () => {
      const material = keys.get(clientCertRef);
      const key = readSigningKey(material);
      keys.uses(material, [...(key.certificate ? [key.certificate] : []), ...key.chain]);
      return clientCertificate(key);
    });
  return { ...(ca !== undefined && { ca }), ...(client && { client }) };
}
