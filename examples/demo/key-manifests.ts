/** The Secrets and the ConfigMap that the example policies refer to, with keys made for this run. */

import { stringify } from 'yaml';
import { createAuthority } from '../../scripts/local/certificates.ts';
import type { Identity } from '../../scripts/local/certificates.ts';

export interface DemoKeys {
  /** PEM of the authority that issued both certificates. */
  readonly ca: string;
  readonly gateway: Identity;
  readonly backend: Identity;
}

export function createKeys(): DemoKeys {
  const authority = createAuthority('Waxseal Demo CA');
  return {
    ca: authority.certificate,
    gateway: authority.issue('gateway.example'),
    backend: authority.issue('backend.example'),
  };
}

/** YAML documents, one set a namespace. */
export function keyManifests(keys: DemoKeys, namespaces: Iterable<string>): string {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const documents = [...namespaces].flatMap((namespace) => [
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'gateway-keys', namespace },
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': base64(keys.gateway.certificate), 'tls.key': base64(keys.gateway.key) },
    },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'backend-cert', namespace },
      type: 'Opaque',
      data: { 'tls.crt': base64(keys.backend.certificate) },
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'backend-ca', namespace },
      data: { 'ca.crt': keys.ca },
    },
  ]);
  return documents.map((document) => stringify(document)).join('---\n');
}
