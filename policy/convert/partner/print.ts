/** A policy of ours -> WS-SecurityPolicy 1.3 in the WSDL of a service that has it: what a partner's tools read. */

import type { SecurityTokenServiceSpec } from '../../../crds/token-service-types.ts';
import { SOAP11, WSU } from '../../../extproc/wss/namespaces.ts';
import type { ResolvedPolicy, ResolvedSpec } from '../../bundle.ts';
import type { Manifest } from '../../load.ts';
import { resolve } from '../../resolve.ts';
import { policyId } from '../../report.ts';
import { tokenServiceSchema } from '../../schema.ts';
import { validate } from '../../validate.ts';
import { ConversionError, Findings, type Finding } from '../finding.ts';
import type { Side } from '../security-policy/side.ts';
import {
  CXF_SUITES,
  POLICY_15,
  SECURITY_POLICY_12,
  SECURITY_POLICY_13,
  WSA_10,
  WSAM,
  WSDL,
} from '../ws-policy/namespaces.ts';
import { assertionsOf } from './assertions.ts';
import { wireOf } from './wire.ts';
import { element, toXml, type XmlElement } from './xml.ts';

export interface Printed {
  readonly xml: string;
  readonly findings: readonly Finding[];
}

/**
 * Prints a WSDL whose binding and messages have the policies. Its one operation stands for all.
 *
 * @param manifests among which the policy and its token service are; Secrets and ConfigMaps need not be there
 * @param id `namespace/name`
 * @param side whether the gateway calls the service or protects it; needed only where the policy does both
 * @throws {ConversionError} if there is no such policy, or it is no valid one
 */
export function printSecurityPolicy(manifests: readonly Manifest[], id: string, side?: Side): Printed {
  const { bundle, problems } = resolve(manifests);
  const policy = bundle.policies.find((each) => policyId(each) === id);
  const wrong = problems.find(
    (each) => each.policy === id && each.severity === 'error' && each.reason !== 'InvalidRef',
  );
  if (policy?.spec === undefined || wrong) {
    const ids = bundle.policies.map(policyId).join(', ');
    throw new ConversionError(
      wrong
        ? `${id} is not valid: ${wrong.field}: ${wrong.message}`
        : `there is no policy ${id}; there are ${ids === '' ? 'none' : ids}`,
    );
  }
  const findings = new Findings();
  const { spec } = policy;
  const on = side ?? sideOf(spec, id);
  if (spec.when)
    findings.note(
      'Elsewhere',
      'spec.when',
      {},
      'which messages the policy is for cannot be said; give it to those whom it concerns',
    );
  const tokenService = tokenServiceOf(policy, spec, manifests);
  const exchange = {
    input: wireOf(spec, on, 'input', findings),
    output: wireOf(spec, on, 'output', findings),
    ...(tokenService && { tokenService }),
  };
  const { binding, input, output } = assertionsOf(exchange, findings);
  return {
    xml: toXml(definitions(policy, { binding, input, output }, spec.response.addressing?.action)),
    findings: findings.all,
  };
}

/** The gateway calls a service whose requests it secures, and protects one whose requests it verifies. */
function sideOf({ request, response }: ResolvedSpec, id: string): Side {
  const calls = request.secure ?? request.addressing ?? response.verify;
  const protects = request.verify ?? response.secure;
  if (calls !== undefined && protects !== undefined) {
    throw new ConversionError(
      `${id} both verifies and secures messages on their way; say with --side whether the partner is the service (client) or its client (service)`,
    );
  }
  return protects === undefined ? 'client' : 'service';
}

function tokenServiceOf(
  { namespace }: ResolvedPolicy,
  { request }: ResolvedSpec,
  manifests: readonly Manifest[],
): SecurityTokenServiceSpec | undefined {
  const reference = request.secure?.securityToken?.serviceRef;
  const found = manifests.find(
    (each) =>
      each.kind === 'SecurityTokenService' &&
      each.name === reference?.name &&
      each.namespace === (reference.namespace ?? namespace),
  );
  return found && validate<SecurityTokenServiceSpec>(found, tokenServiceSchema).spec;
}

type Scoped = Readonly<Record<'binding' | 'input' | 'output', readonly XmlElement[]>>;

/** @param answerAction WS-Addressing's Action of the answer, where the policy writes one */
function definitions(
  { namespace, name }: ResolvedPolicy,
  scoped: Scoped,
  answerAction: string | undefined,
): XmlElement {
  const target = `urn:${namespace}:${name}`;
  const reference = (scope: keyof Scoped): XmlElement | undefined =>
    scoped[scope].length === 0 ? undefined : element('wsp:PolicyReference', { URI: `#${scope}` });
  const policies = (['binding', 'input', 'output'] as const).flatMap((scope) =>
    scoped[scope].length === 0 ? [] : [element('wsp:Policy', { 'wsu:Id': scope }, scoped[scope])],
  );
  const message = (which: string): XmlElement =>
    element('wsdl:message', { name: which }, [element('wsdl:part', { name: 'body', type: 'xsd:anyType' })]);
  return element(
    'wsdl:definitions',
    {
      ...{ name, targetNamespace: target, 'xmlns:tns': target, 'xmlns:wsdl': WSDL },
      'xmlns:soap': 'http://schemas.xmlsoap.org/wsdl/soap/',
      'xmlns:xsd': 'http://www.w3.org/2001/XMLSchema',
      ...{ 'xmlns:wsp': POLICY_15, 'xmlns:sp': SECURITY_POLICY_12, 'xmlns:sp13': SECURITY_POLICY_13 },
      ...{ 'xmlns:cxf': CXF_SUITES, 'xmlns:wsam': WSAM, 'xmlns:wsa': WSA_10, 'xmlns:wsu': WSU },
      'xmlns:soap-envelope': SOAP11,
    },
    [
      ...policies,
      message('Request'),
      message('Response'),
      element('wsdl:portType', { name: 'PortType' }, [
        element('wsdl:operation', { name: 'Any' }, [
          element('wsdl:input', { message: 'tns:Request' }),
          element('wsdl:output', { message: 'tns:Response', 'wsam:Action': answerAction }),
        ]),
      ]),
      element('wsdl:binding', { name: 'Binding', type: 'tns:PortType' }, [
        reference('binding'),
        element('soap:binding', { style: 'document', transport: 'http://schemas.xmlsoap.org/soap/http' }),
        element('wsdl:operation', { name: 'Any' }, [
          element('soap:operation', { soapAction: '' }),
          element('wsdl:input', {}, [reference('input'), element('soap:body', { use: 'literal' })]),
          element('wsdl:output', {}, [reference('output'), element('soap:body', { use: 'literal' })]),
        ]),
      ]),
      element('wsdl:service', { name: 'Service' }, [
        element('wsdl:port', { name: 'Port', binding: 'tns:Binding' }, [
          element('soap:address', { location: 'https://service.invalid/REPLACE_ME' }),
        ]),
      ]),
    ],
  );
}
