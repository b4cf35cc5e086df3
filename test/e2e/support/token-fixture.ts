/** Manifests of the tests with issued tokens: token services of a running Apache CXF, and policies that use them. */

import { createPki } from '../../support/pki.ts';
import { AUDIENCE, CA_PEM, USER, type Authentication, type Cxf, type SoapVersion } from '../../interop/cxf.ts';
import { policy, secret } from './fixture.ts';

const pki = createPki();
/** What the gateway has to prove itself with, by user name or by key. */
export const CREDENTIAL = {
  username: USER.name,
  password: USER.password,
  'tls.crt': pki.signer.certificatePem + pki.intermediate.certificatePem,
  'tls.key': pki.signer.privateKeyPem,
};

/** Secrets and ConfigMaps that the manifests below refer to. */
export const OBJECTS: readonly object[] = [
  secret('sts-login', CREDENTIAL),
  {
    ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'sts-ca', namespace: 'e2e' } },
    data: { 'ca.crt': CA_PEM },
  },
];

export type KeyType = 'Bearer' | 'Symmetric' | 'Public';

const AUTHENTICATION: Readonly<Record<Authentication, object>> = {
  'username-text': { usernameToken: { passwordType: 'Text' } },
  'username-text-2005': { usernameToken: { passwordType: 'Text' } },
  'username-digest': { usernameToken: { passwordType: 'Digest' }, timestamp: {} },
  x509: { x509: {}, timestamp: {} },
  'x509-signed': { x509: {}, timestamp: {} },
  'x509-encrypted': { x509: {}, timestamp: {} },
  mtls: { mtls: {} },
};

export interface ServiceOptions {
  readonly cxf: Cxf;
  readonly authentication?: Authentication;
  readonly soap?: SoapVersion;
  readonly keyType?: KeyType;
  /** More fields of `wsTrust`. */
  readonly wsTrust?: object;
  /** More fields of the spec. */
  readonly spec?: object;
}

/** A SecurityTokenService that asks CXF's. */
export function tokenService(name: string, options: ServiceOptions): object {
  const { cxf, authentication = 'username-text', soap = '1.2', keyType = 'Bearer', wsTrust, spec } = options;
  return serviceManifest(name, {
    wsTrust: {
      ...{ url: cxf.tokenUrl(authentication, soap), soapVersion: soap, appliesTo: AUDIENCE, keyType },
      authentication: AUTHENTICATION[authentication],
      ...wsTrust,
    },
    credentials: [{ name: 'ours', default: true, secretRef: { name: 'sts-login' } }],
    tls: { caRef: { kind: 'ConfigMap', name: 'sts-ca' } },
    ...spec,
  });
}

export function serviceManifest(name: string, spec: object): object {
  return {
    ...{ apiVersion: 'waxseal.dev/v1alpha1', kind: 'SecurityTokenService', metadata: { name, namespace: 'e2e' } },
    spec,
  };
}

/** A policy of the same name as its token service that adds the token, and with a key also a signature over Body and Timestamp. */
export function tokenPolicy(
  name: string,
  keyType: KeyType = 'Bearer',
  more: { verify?: object; token?: object } = {},
): object {
  const proof = keyType === 'Bearer' ? {} : { timestamp: { ttl: '5m' }, signature: { keyIdentifier: 'SAMLAssertion' } };
  const secure = { securityToken: { serviceRef: { name }, ...more.token }, ...proof };
  return policy(name, { request: { ...(more.verify && { verify: more.verify }), secure } });
}
