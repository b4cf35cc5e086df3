/** What a policy does to the requests that go through Envoy, and the manifests that say so. */

import { stringify } from 'yaml';
import type { BenchKeys } from './keys.ts';
import { policy, type Operation } from './operation.ts';

export interface Scenario {
  readonly name: string;
  /** The operation that makes what the client sends; absent: the plain message. */
  readonly sends?: Operation;
  readonly request: object;
}

const timestamp = { ttl: '5m' };
const signature = { keyRef: { name: 'gateway-keys' } };
const trust = { trustRefs: [{ kind: 'ConfigMap', name: 'partner-ca' }] };
// The same message is sent again and again, for longer than a message is good for.
const again = { timestamp: { maxAge: '1h', maxLifetime: '1h' }, replay: { window: '0s' } };

export const scenarios: readonly Scenario[] = [
  { name: 'nothing', request: {} },
  {
    name: 'timestamp+username-token',
    request: { secure: { timestamp, usernameToken: { credentials: { secretRef: { name: 'login' } } } } },
  },
  { name: 'timestamp', request: { secure: { timestamp } } },
  {
    name: 'timestamp+token',
    request: { secure: { timestamp, securityToken: { serviceRef: { name: 'token-service' } } } },
  },
  { name: 'sign', request: { secure: { timestamp, signature } } },
  {
    name: 'sign+encrypt',
    request: { secure: { timestamp, signature, encryption: { recipientRef: { name: 'backend-cert' } } } },
  },
  { name: 'verify', sends: 'sign', request: { verify: { ...again, signature: trust } } },
  {
    name: 'decrypt+verify',
    sends: 'sign+encrypt',
    request: { verify: { ...again, signature: trust, decryption: { keyRefs: [{ name: 'backend-keys' }] } } },
  },
];

/**
 * YAML of the policy `bench/NAME` of every scenario, and of the keys.
 *
 * @param tokenPort of the token service on this host
 */
export function manifests(keys: BenchKeys, tokenPort: number): string {
  const tls = ({ certificate, key }: { certificate: string; key: string }) => ({
    'tls.crt': certificate,
    'tls.key': key,
  });
  const documents = [
    secret('gateway-keys', tls(keys.signer)),
    secret('backend-keys', tls(keys.recipient)),
    secret('backend-cert', { 'tls.crt': keys.recipient.certificate }),
    secret('login', policy),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata('partner-ca'),
      data: { 'ca.crt': keys.ca + keys.intermediate },
    },
    {
      ...{ apiVersion: 'waxseal.dev/v1alpha1', kind: 'SecurityTokenService', metadata: metadata('token-service') },
      spec: { external: { url: `http://127.0.0.1:${tokenPort}/`, method: 'GET' } },
    },
    ...scenarios.map(policyOf),
  ];
  return documents.map((document) => stringify(document)).join('---\n');
}

export const policyName = ({ name }: Scenario): string => name.replaceAll(/\W/g, '-');

function policyOf(scenario: Scenario): object {
  return {
    apiVersion: 'waxseal.dev/v1alpha1',
    kind: 'WSSecurityPolicy',
    metadata: metadata(policyName(scenario)),
    spec: { request: scenario.request, limits: { maxBodyBytes: 16_777_216, maxElements: 1_000_000 } },
  };
}

const metadata = (name: string): object => ({ name, namespace: 'bench' });

function secret(name: string, texts: Readonly<Record<string, string>>): object {
  const data = Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  );
  return { apiVersion: 'v1', kind: 'Secret', metadata: metadata(name), type: 'Opaque', data };
}
