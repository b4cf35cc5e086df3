/** Policies for tests of the pipeline and the service: from specs to what runs. */

import assert from 'node:assert/strict';
import { compileBundle, type CompiledPolicy } from '../../extproc/pipeline/compile.ts';
import type { Bundle } from '../../policy/bundle.ts';
import { parseManifests } from '../../policy/load.ts';
import { resolve } from '../../policy/resolve.ts';
import { createPki, type Identity } from './pki.ts';

export const pki = createPki();

/** A WSSecurityPolicy `shop/NAME` as the text of a manifest. */
export function policyManifest(name: string, spec: object): string {
  return JSON.stringify({
    apiVersion: 'waxseal.dev/v1alpha1',
    kind: 'WSSecurityPolicy',
    metadata: { name, namespace: 'shop' },
    spec,
  });
}

function secret(name: string, stringData: Record<string, string>): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'shop' }, stringData });
}

export function keySecret(name: string, { certificatePem, privateKeyPem }: Identity): string {
  return secret(name, { 'tls.crt': certificatePem, 'tls.key': privateKeyPem });
}

/** What the policies of tests refer to: our keys, the authority, a login. */
export function objectManifests(): string[] {
  return [
    keySecret('gateway', pki.signer),
    secret('login', { username: 'acme', password: 'sesame' }),
    secret('users', { acme: 'sesame' }),
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'ca', namespace: 'shop' },
      data: { 'ca.crt': pki.ca.certificatePem + pki.intermediate.certificatePem },
    }),
  ];
}

/** A manifest file with these policies, by name, and the objects they may refer to. */
export function manifestFile(specs: Readonly<Record<string, object>>): string {
  const policies = Object.entries(specs).map(([name, spec]) => policyManifest(name, spec));
  return [...policies, ...objectManifests()].join('\n---\n');
}

export interface TestBundle {
  readonly bundle: Bundle;
  readonly policies: ReadonlyMap<string, CompiledPolicy>;
}

/** Compiles policies that must be without errors; `broken` ones may have them. */
export function compilePolicies(specs: Readonly<Record<string, object>>, broken: readonly string[] = []): TestBundle {
  const { manifests, problems } = parseManifests(manifestFile(specs));
  assert.deepEqual(problems, []);
  const { bundle } = resolve(manifests);
  const { policies } = compileBundle(bundle);
  for (const { id, broken: reason } of policies.values()) {
    if (!broken.includes(id)) assert.equal(reason, undefined, id);
  }
  return { bundle, policies };
}

/** Specs that most tests need. */
export const SPECS = {
  sign: { request: { secure: { timestamp: { ttl: '5m' }, signature: { keyRef: { name: 'gateway' } } } } },
  verify: {
    request: {
      verify: {
        timestamp: { maxAge: '5m' },
        signature: { trustRefs: [{ kind: 'ConfigMap', name: 'ca' }] },
        identityHeaders: [{ name: 'X-WSS-Subject', value: 'Subject' }],
      },
    },
  },
  encrypt: {
    request: {
      secure: {
        timestamp: { ttl: '5m' },
        signature: { keyRef: { name: 'gateway' } },
        encryption: { recipientRef: { name: 'gateway' } },
      },
    },
  },
  decrypt: {
    request: {
      verify: {
        timestamp: { maxAge: '5m' },
        decryption: { keyRefs: [{ name: 'gateway' }] },
        signature: { trustRefs: [{ kind: 'ConfigMap', name: 'ca' }] },
      },
    },
  },
  login: {
    request: {
      secure: {
        timestamp: { ttl: '5m' },
        usernameToken: { credentials: { secretRef: { name: 'login' } }, passwordType: 'Digest' },
      },
    },
  },
  verifyResponse: {
    response: {
      verify: { timestamp: { maxAge: '5m' }, signature: { trustRefs: [{ kind: 'ConfigMap', name: 'ca' }] } },
    },
  },
} as const;

export const SOAP11_NAMESPACE = 'http://schemas.xmlsoap.org/soap/envelope/';
export const SOAP12_NAMESPACE = 'http://www.w3.org/2003/05/soap-envelope';

/** A plain SOAP message with `content` in its Body. */
export function soapMessage(content = '<o:Order xmlns:o="urn:shop">1</o:Order>', namespace = SOAP11_NAMESPACE): Buffer {
  return Buffer.from(`<s:Envelope xmlns:s="${namespace}"><s:Body>${content}</s:Body></s:Envelope>`);
}
