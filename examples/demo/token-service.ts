/**
 * The demo with issued tokens: Apache CXF's token service, a service of CXF's whose WS-SecurityPolicy demands its tokens, and
 * the manifests for both. Needs Java, which scripts/setup-java gets.
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { stringify } from 'yaml';
import { AUDIENCE, CA_PEM, Cxf, USER } from '../../test/interop/cxf.ts';
import { warmUp } from '../../test/interop/token-message.ts';

export interface TokenBackend {
  /** Where Envoy sends messages: they are looked at on their way to the service. */
  readonly port: number;
  readonly cxf: Cxf;
  /** What the service received last. */
  received(): string | undefined;
  close(): Promise<void>;
}

export async function startTokenBackend(port: number): Promise<TokenBackend> {
  const cxf = await Cxf.start();
  await warmUp(cxf);
  let received: string | undefined;
  const wire = createServer((request, response) => {
    void (async () => {
      const body = Buffer.concat(await request.toArray());
      received = body.toString();
      const url = `http://127.0.0.1:${cxf.ports.orders}${cxf.orderPath('symmetric')}`;
      const headers = { 'content-type': request.headers['content-type'] ?? 'text/xml' };
      const answer = await fetch(url, { method: 'POST', headers, body });
      const type = answer.headers.get('content-type') ?? 'text/xml';
      response.writeHead(answer.status, { 'content-type': type }).end(Buffer.from(await answer.arrayBuffer()));
    })().catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve, reject) => {
    wire.once('error', reject);
    wire.listen(port, '127.0.0.1', resolve);
  });
  return {
    cxf,
    port: (wire.address() as AddressInfo).port,
    received: () => received,
    close: async () => {
      wire.close();
      wire.closeAllConnections();
      await cxf.close();
    },
  };
}

/** The token service and the policy, without what is secret. */
export function tokenManifests(cxf: Cxf): string {
  const metadata = { name: 'corporate-sts', namespace: 'shop' };
  const service = {
    ...{ apiVersion: 'waxseal.dev/v1alpha1', kind: 'SecurityTokenService', metadata },
    spec: {
      wsTrust: {
        ...{ url: cxf.tokenUrl('username-digest'), appliesTo: AUDIENCE, keyType: 'Symmetric' },
        authentication: { usernameToken: { passwordType: 'Digest' }, timestamp: { ttl: '5m' } },
      },
      credentials: [{ name: 'gateway', default: true, secretRef: { name: 'sts-login' } }],
      tls: { caRef: { kind: 'ConfigMap', name: 'sts-ca' } },
    },
  };
  const policy = {
    ...{
      apiVersion: 'waxseal.dev/v1alpha1',
      kind: 'WSSecurityPolicy',
      metadata: { name: 'orders', namespace: 'shop' },
    },
    spec: {
      request: {
        secure: {
          timestamp: { ttl: '5m' },
          securityToken: { serviceRef: { name: 'corporate-sts' } },
          signature: { keyIdentifier: 'SAMLAssertion' },
        },
      },
    },
  };
  return [service, policy].map((manifest) => stringify(manifest)).join('---\n');
}

/** The Secret and the ConfigMap that they refer to. */
export function tokenSecrets(): string {
  const namespace = 'shop';
  const login = { username: USER.name, password: USER.password };
  return [
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'sts-login', namespace }, stringData: login },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'sts-ca', namespace }, data: { 'ca.crt': CA_PEM } },
  ]
    .map((manifest) => stringify(manifest))
    .join('---\n');
}
