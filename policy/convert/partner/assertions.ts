/** What messages bear -> assertions of WS-SecurityPolicy 1.3. */

import type { SecurityTokenServiceSpec } from '../../../crds/token-service-types.ts';
import type { Part } from '../../../crds/types.ts';
import type { Findings } from '../finding.ts';
import { suiteNamed, type Suite } from '../security-policy/suites.ts';
import { CXF_SUITES, SECURITY_POLICY_12 } from '../ws-policy/namespaces.ts';
import { bindingKind, type Exchange } from './exchange.ts';
import { element, nested, type XmlElement } from './xml.ts';
import { cannot, hashOf, type Wire } from './wire.ts';

const TRUST = {
  '1.3': 'http://docs.oasis-open.org/ws-sx/ws-trust/200512',
  '1.4': 'http://docs.oasis-open.org/ws-sx/ws-trust/200512',
  '2005-02': 'http://schemas.xmlsoap.org/ws/2005/02/trust',
} as const;
const TOKEN_TYPES: Readonly<Record<string, string>> = {
  SAML1: 'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1',
  SAML2: 'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0',
};

/** Assertions for the binding, and for the messages of each direction. */
export interface Assertions {
  readonly binding: readonly XmlElement[];
  readonly input: readonly XmlElement[];
  readonly output: readonly XmlElement[];
}

export function assertionsOf(exchange: Exchange, findings: Findings): Assertions {
  const { input, output } = exchange;
  const kind = bindingKind(exchange);
  const binding = kind === 'Transport' ? transport(exchange, findings) : kind && messages(kind, exchange, findings);
  return {
    binding: [
      ...(input.addressing || output.addressing ? [nested('wsam:Addressing', [])] : []),
      ...(binding ? [binding] : []),
      ...wss(exchange),
      ...(input.issuedToken ? [nested('sp:Trust13', [element('sp:MustSupportIssuedTokens')])] : []),
    ],
    input: [...(kind === 'Transport' ? [] : parts(input)), ...supporting(kind, exchange)],
    output: kind === 'Transport' ? [] : parts(output),
  };
}

function transport({ input, output }: Exchange, findings: Findings): XmlElement {
  findings.note(
    'Elsewhere',
    'sp:TransportBinding',
    {},
    'the policy says that TLS protects the messages; make sure that it does',
  );
  return nested('sp:TransportBinding', [
    nested('sp:TransportToken', [nested('sp:HttpsToken', [])]),
    suiteOf([input, output], findings),
    layoutOf([input, output], findings),
    element('sp:IncludeTimestamp'),
  ]);
}

function messages(kind: 'Asymmetric' | 'Symmetric', exchange: Exchange, findings: Findings): XmlElement {
  const { input, output } = exchange;
  const both = [input, output];
  const has = (part: Part['part'], of: 'signature' | 'encryption'): boolean =>
    both.some((wire) => wire[of]?.parts.some((each) => each.part === part) ?? false);
  for (const { timestamp, signature } of both) {
    const signs = signature?.parts.some(({ part }) => part === 'Timestamp') ?? false;
    if (signature && timestamp && !signs)
      cannot(
        findings,
        'sp:IncludeTimestamp',
        'means that the Timestamp is signed, and here it is not; tell the partner',
      );
  }
  const [timestamp, other] = both
    .filter(({ signature, encryption }) => signature ?? encryption)
    .map((wire) => wire.timestamp);
  if (other !== undefined && other !== timestamp)
    cannot(
      findings,
      'sp:IncludeTimestamp',
      'holds for requests and answers, and here only one of them has a Timestamp; tell the partner',
    );
  const orders = new Set(
    both.flatMap(({ encryption, signature, order }) => (encryption && signature && order ? [order] : [])),
  );
  if (orders.size > 1)
    cannot(
      findings,
      'sp:EncryptBeforeSigning',
      'holds for requests and answers, and here they differ; tell the partner',
    );
  return nested(`sp:${kind}Binding`, [
    ...(kind === 'Asymmetric'
      ? [
          nested('sp:InitiatorToken', [initiator(exchange)]),
          nested('sp:RecipientToken', [
            x509(output.signature?.keyIdentifier, input.encryption?.keyIdentifier, 'AlwaysToInitiator'),
          ]),
        ]
      : [nested('sp:ProtectionToken', [x509(undefined, input.encryption?.keyIdentifier, 'AlwaysToInitiator')])]),
    suiteOf(both, findings),
    layoutOf(both, findings),
    timestamp ? element('sp:IncludeTimestamp') : undefined,
    orders.has('EncryptThenSign') ? element('sp:EncryptBeforeSigning') : undefined,
    has('Signature', 'encryption') ? element('sp:EncryptSignature') : undefined,
    has('Token', 'signature') ? element('sp:ProtectTokens') : undefined,
    element('sp:OnlySignEntireHeadersAndBody'),
  ]);
}

/** Who signs requests, and whom answers are encrypted for. */
function initiator({ input, output, tokenService }: Exchange): XmlElement {
  if (input.signature?.keyIdentifier === 'SAMLAssertion') return issued(tokenService);
  const { keyIdentifier = 'BinarySecurityToken' } = input.signature ?? {};
  return x509(keyIdentifier, output.encryption?.keyIdentifier, 'AlwaysToRecipient', input.signature?.tokenType);
}

const TOKEN_TYPES_X509: Readonly<Record<string, string>> = {
  X509PKIPathv1: 'WssX509PkiPathV1Token11',
  PKCS7: 'WssX509Pkcs7Token11',
};
const REFERENCES: Readonly<Record<string, string>> = {
  IssuerSerial: 'RequireIssuerSerialReference',
  ThumbprintSHA1: 'RequireThumbprintReference',
  SubjectKeyIdentifier: 'RequireKeyIdentifierReference',
};

/** @param signing how signatures name the token; @param encrypting how EncryptedKeys do */
function x509(
  signing: string | undefined,
  encrypting: string | undefined,
  inclusion: 'AlwaysToRecipient' | 'AlwaysToInitiator',
  tokenType = 'X509v3',
): XmlElement {
  if (signing === 'KeyValue')
    return element('sp:KeyValueToken', includeToken('Never'), [element('wsp:Policy', {}, [element('sp:RsaKeyValue')])]);
  const included = signing === 'BinarySecurityToken';
  const reference = REFERENCES[(included ? encrypting : (signing ?? encrypting)) ?? ''];
  return nested(
    'sp:X509Token',
    [
      reference === undefined ? undefined : element(`sp:${reference}`),
      element(`sp:${TOKEN_TYPES_X509[tokenType] ?? 'WssX509V3Token10'}`),
    ],
    includeToken(included ? inclusion : 'Never'),
  );
}

function includeToken(inclusion: string): Record<string, string> {
  return { 'sp:IncludeToken': `${SECURITY_POLICY_12}/IncludeToken/${inclusion}` };
}

function issued(service: SecurityTokenServiceSpec | undefined): XmlElement {
  const { url, version = '1.3', tokenType, keyType, keySize, claims = [] } = service?.wsTrust ?? {};
  const trust = TRUST[version];
  const keyTypes = { Bearer: 'Bearer', Symmetric: 'SymmetricKey', Public: 'PublicKey' } as const;
  const identity = 'http://schemas.xmlsoap.org/ws/2005/05/identity';
  return element('sp:IssuedToken', includeToken('AlwaysToRecipient'), [
    url === undefined ? undefined : element('sp:Issuer', {}, [element('wsa:Address', {}, url)]),
    element('sp:RequestSecurityTokenTemplate', { 'xmlns:t': trust }, [
      tokenType === undefined ? undefined : element('t:TokenType', {}, TOKEN_TYPES[tokenType] ?? tokenType),
      keyType === undefined ? undefined : element('t:KeyType', {}, `${trust}/${keyTypes[keyType]}`),
      keySize === undefined ? undefined : element('t:KeySize', {}, String(keySize)),
      claims.length === 0
        ? undefined
        : element(
            't:Claims',
            { Dialect: identity, 'xmlns:ic': identity },
            claims.map(({ type, optional }) =>
              element('ic:ClaimType', { Uri: type, ...(optional && { Optional: 'true' }) }),
            ),
          ),
    ]),
    element('wsp:Policy', {}, [element('sp:RequireInternalReference')]),
  ]);
}

/** The one suite of the binding. */
function suiteOf(wires: readonly Wire[], findings: Findings): XmlElement {
  const signatures = wires.flatMap(({ signature }) => signature ?? []);
  const encryptions = wires.flatMap(({ encryption }) => encryption ?? []);
  const same = <T>(values: readonly T[], what: string): T | undefined => {
    if (new Set(values).size > 1)
      cannot(
        findings,
        'sp:AlgorithmSuite',
        `holds for requests and answers, and their ${what} differ (${values.join(', ')}); tell the partner`,
      );
    return values[0];
  };
  const digest = (same(
    signatures.map((each) => each.digest),
    'digests',
  ) ?? 'SHA256') as Suite['digest'];
  const dataAlgorithm =
    same(
      encryptions.map((each) => each.dataAlgorithm),
      'ciphers',
    ) ?? 'AES256-CBC';
  const keyTransport = (same(
    encryptions.map((each) => each.keyTransport),
    'key transports',
  ) ?? 'RSA-OAEP-MGF1P') as Suite['keyTransport'];
  const canonicalization = same(
    signatures.map((each) => each.canonicalization),
    'canonicalizations',
  );
  const hashes = signatures.map(({ algorithm }) => hashOf(algorithm) ?? 'SHA256');
  const suite = suiteNamed({ digest, dataAlgorithm, keyTransport });
  if (suite === undefined) {
    cannot(
      findings,
      'sp:AlgorithmSuite',
      `no suite has ${digest}, ${dataAlgorithm} and ${keyTransport} together; Basic256Sha256 stands there, tell the partner the algorithms`,
    );
  }
  const { name, namespace } = suite ?? { name: 'Basic256Sha256' };
  if (namespace === CXF_SUITES) {
    findings.note(
      'Chosen',
      `cxf:${name}`,
      {},
      'no standard suite has AES-GCM; this is one of Apache CXF, which others do not know',
    );
  }
  for (const hash of new Set(hashes)) {
    if (hash === 'SHA1' || namespace === CXF_SUITES) continue;
    cannot(
      findings,
      `sp:${name}`,
      `says that signatures have SHA-1, and here they have ${hash}; tell the partner (in CXF: ws-security.asymmetric.signature.algorithm), .NET takes SHA-256 by itself`,
    );
  }
  const prefix = namespace === CXF_SUITES ? 'cxf' : 'sp';
  return nested('sp:AlgorithmSuite', [
    element(`${prefix}:${name}`),
    canonicalization === 'C14N10' ? element('sp:InclusiveC14N') : undefined,
    canonicalization === 'C14N11' ? element('sp13:InclusiveC14N11') : undefined,
  ]);
}

const LAYOUTS = {
  Strict: 'Strict',
  Lax: 'Lax',
  LaxTimestampFirst: 'LaxTsFirst',
  LaxTimestampLast: 'LaxTsLast',
} as const;

function layoutOf(wires: readonly Wire[], findings: Findings): XmlElement {
  const [layout = 'Lax', ...others] = [...new Set(wires.map((wire) => wire.layout).filter((each) => each !== 'Lax'))];
  if (others.length > 0)
    cannot(findings, 'sp:Layout', 'holds for requests and answers, and here they differ; tell the partner');
  return nested('sp:Layout', [element(`sp:${LAYOUTS[layout]}`)]);
}

function wss({ input, output }: Exchange): XmlElement[] {
  const identifiers = [input, output].flatMap(({ signature, encryption }) => [
    signature?.keyIdentifier,
    encryption?.keyIdentifier,
  ]);
  const uses = (name: string): boolean => identifiers.includes(name);
  const abilities = [
    uses('SubjectKeyIdentifier') ? element('sp:MustSupportRefKeyIdentifier') : undefined,
    uses('IssuerSerial') ? element('sp:MustSupportRefIssuerSerial') : undefined,
    uses('ThumbprintSHA1') ? element('sp:MustSupportRefThumbprint') : undefined,
    uses('EncryptedKeySHA1') ? element('sp:MustSupportRefEncryptedKey') : undefined,
    output.confirmation ? element('sp:RequireSignatureConfirmation') : undefined,
  ].filter((each) => each !== undefined);
  return abilities.length === 0 ? [] : [nested('sp:Wss11', abilities)];
}

/** Parts of one message. */
function parts({ signature, encryption }: Wire): XmlElement[] {
  const signed = signature?.parts ?? [];
  const encrypted = encryption?.parts ?? [];
  const list = (name: string, of: readonly Part[]): XmlElement[] => {
    const children = of.flatMap(({ part, header, mode }) => {
      if (part === 'Body') return [element('sp:Body')];
      if (part === 'Attachments') {
        return [element('sp:Attachments', {}, name === 'sp:SignedParts' ? [transformOf(mode)] : [])];
      }
      return header ? [element('sp:Header', { Name: header.name, Namespace: header.namespace })] : [];
    });
    return children.length === 0 ? [] : [element(name, {}, children)];
  };
  const elements = (name: string, of: readonly Part[]): XmlElement[] => {
    const children = of.flatMap((part) => (part.element ? [xpath(part.element)] : []));
    return children.length === 0 ? [] : [element(name, {}, children)];
  };
  const content = encrypted.filter(({ mode }) => mode !== 'Element');
  const demanded = [...signed, ...encrypted].filter(({ header, optional }) => header?.name !== undefined && !optional);
  const required = [...new Map(demanded.map((part) => [JSON.stringify(part.header), part])).values()];
  const below = [...signed, ...encrypted].filter(({ optional }) => !optional).filter(({ element: each }) => each);
  return [
    ...list('sp:SignedParts', signed),
    ...elements('sp:SignedElements', signed),
    ...list('sp:EncryptedParts', encrypted),
    ...elements(
      'sp:EncryptedElements',
      encrypted.filter(({ mode }) => mode === 'Element'),
    ),
    ...elements('sp:ContentEncryptedElements', content),
    ...list('sp:RequiredParts', required),
    ...elements('sp:RequiredElements', [
      ...new Map(below.map((part) => [JSON.stringify(part.element), part])).values(),
    ]),
  ];
}

/** SwA profile 1.1 §5.4.1, §5.4.2. */
function transformOf(mode: Part['mode']): XmlElement {
  return element(mode === 'Complete' ? 'sp13:AttachmentCompleteSignatureTransform' : 'sp13:ContentSignatureTransform');
}

function xpath({ namespace, name }: NonNullable<Part['element']>): XmlElement {
  const [attributes, step] = namespace === '' ? [{}, name] : [{ 'xmlns:p': namespace }, `p:${name}`];
  return element('sp:XPath', attributes, `/soap-envelope:Envelope/soap-envelope:Body//${step}`);
}

/** Tokens that go with requests besides the one that signs. */
function supporting(kind: ReturnType<typeof bindingKind>, { input, output, tokenService }: Exchange): XmlElement[] {
  const covers = (of: 'signature' | 'encryption'): boolean =>
    input[of]?.parts.some(({ part }) => part === 'UsernameToken') ?? false;
  const result: XmlElement[] = [];
  if (input.usernameToken) {
    const { passwordType, nonce, created } = input.usernameToken;
    const digest = passwordType === 'Digest';
    const token = nested(
      'sp:UsernameToken',
      [
        passwordType === 'None' ? element('sp:NoPassword') : digest ? element('sp:HashPassword') : undefined,
        element('sp:WssUsernameToken10'),
        created && !digest ? element('sp13:Created') : undefined,
        nonce && !digest ? element('sp13:Nonce') : undefined,
      ],
      includeToken('AlwaysToRecipient'),
    );
    const [signed, encrypted] = [covers('signature') ? 'Signed' : '', covers('encryption') ? 'Encrypted' : ''];
    result.push(nested(`sp:${signed}${encrypted}SupportingTokens`, [token]));
  }
  if (kind === 'Transport' && input.signature) {
    const { keyIdentifier = 'BinarySecurityToken', parts: signed } = input.signature;
    const own = keyIdentifier === 'SAMLAssertion';
    const token = own ? issued(tokenService) : x509(keyIdentifier, undefined, 'AlwaysToRecipient');
    const covered = parts({ ...output, signature: input.signature, encryption: undefined });
    const name = signed.some(({ part }) => part === 'Token') ? 'SignedEndorsing' : 'Endorsing';
    result.push(nested(`sp:${name}SupportingTokens`, [token, ...covered]));
    if (own) return result;
  }
  if (input.issuedToken && input.signature?.keyIdentifier !== 'SAMLAssertion') {
    result.push(nested('sp:SupportingTokens', [issued(tokenService)]));
  }
  return result;
}
