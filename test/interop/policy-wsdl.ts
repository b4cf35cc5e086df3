/**
 * WSDLs of one service that differ in what they demand in WS-SecurityPolicy, as providers publish them: a policy for the
 * binding, one for each message that goes in, one for each that goes out.
 */

export type PolicyVersion = '1.1' | '1.2' | '1.3';

export interface WsdlPolicies {
  /** Assertions of the whole binding. */
  readonly binding: string;
  /** Assertions of requests and of answers; absent: the binding says it all. */
  readonly input?: string;
  readonly output?: string;
  /** Of WS-SecurityPolicy: 1.1 goes with WS-Policy of 2004, 1.3 with the W3C's. */
  readonly version?: PolicyVersion;
  readonly soap?: '1.1' | '1.2';
  /** Whether the service is reached over TLS. */
  readonly tls?: boolean;
  /** What an order and its receipt hold: text unless told otherwise. */
  readonly content?: 'base64Binary';
}

const POLICY_NAMESPACES: Readonly<Record<PolicyVersion, readonly [wsp: string, sp: string]>> = {
  '1.1': ['http://schemas.xmlsoap.org/ws/2004/09/policy', 'http://schemas.xmlsoap.org/ws/2005/07/securitypolicy'],
  '1.2': ['http://schemas.xmlsoap.org/ws/2004/09/policy', 'http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702'],
  '1.3': ['http://www.w3.org/ns/ws-policy', 'http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702'],
};
const SOAP_BINDINGS = {
  '1.1': 'http://schemas.xmlsoap.org/wsdl/soap/',
  '1.2': 'http://schemas.xmlsoap.org/wsdl/soap12/',
};

/** The WSDL of one service. The prefixes `sp`, `sp13` (what 1.3 adds), `wsp`, `wsoma` and `wsam` are there for the assertions. */
export function policyWsdl({
  binding,
  input,
  output,
  version = '1.3',
  soap = '1.1',
  tls = false,
  content,
}: WsdlPolicies): string {
  const [wsp, sp] = POLICY_NAMESPACES[version];
  const policies = Object.entries({ binding, input, output }).flatMap(([name, assertions]) =>
    assertions === undefined
      ? []
      : [`<wsp:Policy wsu:Id="${name}"><wsp:ExactlyOne><wsp:All>${assertions}</wsp:All></wsp:ExactlyOne></wsp:Policy>`],
  );
  const reference = (name: string, assertions: string | undefined): string =>
    assertions === undefined ? '' : `<wsp:PolicyReference URI="#${name}"/>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="${SOAP_BINDINGS[soap]}"
    xmlns:wsp="${wsp}" xmlns:sp="${sp}" xmlns:sp13="http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200802"
    xmlns:wsoma="http://schemas.xmlsoap.org/ws/2004/09/policy/optimizedmimeserialization"
    xmlns:wsam="http://www.w3.org/2007/05/addressing/metadata"
    xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
    xmlns:tns="urn:example:orders" targetNamespace="urn:example:orders" name="OrderService">
  <wsdl:types>
    <xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:example:orders" elementFormDefault="qualified">
      <xsd:element name="order"><xsd:complexType><xsd:sequence>
        <xsd:element name="item" type="xsd:${content ?? 'string'}"/>
      </xsd:sequence></xsd:complexType></xsd:element>
      <xsd:element name="orderResponse"><xsd:complexType><xsd:sequence>
        <xsd:element name="receipt" type="xsd:${content ?? 'string'}"/>
      </xsd:sequence></xsd:complexType></xsd:element>
    </xsd:schema>
  </wsdl:types>
  <wsdl:message name="order"><wsdl:part name="parameters" element="tns:order"/></wsdl:message>
  <wsdl:message name="orderResponse"><wsdl:part name="parameters" element="tns:orderResponse"/></wsdl:message>
  <wsdl:portType name="OrderPort">
    <wsdl:operation name="order">
      <wsdl:input message="tns:order"/>
      <wsdl:output message="tns:orderResponse"/>
    </wsdl:operation>
  </wsdl:portType>
  <wsdl:binding name="OrderBinding" type="tns:OrderPort">
    ${reference('binding', binding)}
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="order">
      <soap:operation soapAction="urn:example:orders:order"/>
      <wsdl:input>${reference('input', input)}<soap:body use="literal"/></wsdl:input>
      <wsdl:output>${reference('output', output)}<soap:body use="literal"/></wsdl:output>
    </wsdl:operation>
  </wsdl:binding>
  <wsdl:service name="OrderService">
    <wsdl:port name="OrderPort" binding="tns:OrderBinding"><soap:address location="${tls ? 'https' : 'http'}://localhost/orders"/></wsdl:port>
  </wsdl:service>
  ${policies.join('\n  ')}
</wsdl:definitions>
`;
}

/** `<NAME><wsp:Policy>…</wsp:Policy></NAME>`; attributes may follow the name. */
export function nested(start: string, ...assertions: string[]): string {
  return `<${start}><wsp:Policy>${assertions.join('')}</wsp:Policy></${start.split(' ')[0]}>`;
}

/** The value of sp:IncludeToken in a version. */
export function includeToken(
  version: PolicyVersion,
  inclusion: 'Never' | 'AlwaysToRecipient' | 'AlwaysToInitiator' | 'Once',
): string {
  return ` sp:IncludeToken="${POLICY_NAMESPACES[version][1]}/IncludeToken/${inclusion}"`;
}
