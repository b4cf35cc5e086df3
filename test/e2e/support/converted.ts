/** Policies that are converted from the WSDLs of a catalog, and the objects that they ask for. */

import assert from 'node:assert/strict';
import { parseAllDocuments } from 'yaml';
import { convertSecurityPolicy } from '../../../policy/convert/security-policy/convert.ts';
import { CA_PEM, USER } from '../../interop/cxf.ts';
import { policyWsdl, type WsdlPolicies } from '../../interop/policy-wsdl.ts';
import { chainOf, ENDS } from '../../interop/wsdl-services.ts';

type Side = 'client' | 'service';

/** What the gateway needs to be that side of these WSDLs, in namespace `e2e`. */
export function manifests(
  side: Side,
  names: readonly string[],
  catalog: Readonly<Record<string, WsdlPolicies>>,
): object[] {
  return names.flatMap((name) => {
    const file = { file: `${name}.wsdl`, bytes: Buffer.from(policyWsdl(catalog[name])) };
    const naming = { name, namespace: 'e2e' };
    const { yaml, findings } = convertSecurityPolicy(file, { side, naming, include: [] });
    assert.deepEqual(
      findings.filter(({ severity }) => severity === 'error'),
      [],
      `${side} ${name}`,
    );
    const policies = parseAllDocuments(yaml).map((document) => document.toJS() as object);
    return [...policies, ...objectsFor(side, name)];
  });
}

function objectsFor(side: Side, name: string): object[] {
  const [own, peer] = side === 'client' ? [ENDS.client, ENDS.service] : [ENDS.service, ENDS.client];
  const object = (kind: string, suffix: string, data: Record<string, string>): object => ({
    ...{ apiVersion: 'v1', kind, metadata: { name: `${name}-${suffix}`, namespace: 'e2e' } },
    [kind === 'Secret' ? 'stringData' : 'data']: data,
  });
  return [
    object('Secret', 'key', { 'tls.crt': chainOf(own), 'tls.key': own.privateKeyPem }),
    object('ConfigMap', 'partner-cert', { 'tls.crt': peer.certificatePem }),
    object('ConfigMap', 'partner-ca', { 'ca.crt': CA_PEM + peer.certificatePem }),
    object('Secret', 'login', { username: USER.name, password: USER.password }),
    object('Secret', 'users', { [USER.name]: USER.password }),
  ];
}
