/**
 * Types of SecurityTokenService v1alpha1, as it stands once the schema's defaults are filled in.
 *
 * Generated from crds/waxseal.dev_securitytokenservices.yaml by scripts/generate.ts; change that instead.
 */

/** Where tokens come from. Exactly one of `wsTrust` and `external` is given. */
export interface SecurityTokenServiceSpec {
  /** Free text for people. */
  readonly description?: string;
  /** A token service that is asked by WS-Trust. */
  readonly wsTrust?: WSTrust;
  /** A service of one's own that answers a plain HTTP request with a token. */
  readonly external?: External;
  /** What we prove with who we are. The first entry holds whose `when` holds and whose `environments` fit, or else the default. */
  readonly credentials?: readonly TokenServiceCredential[];
  /** What happens to a message for which there is no credential: it is refused, or passes as it is. */
  readonly onNoCredential: 'Refuse' | 'PassUnchanged';
  /** How long tokens are kept. */
  readonly cache: TokenCache;
  /** How long the service has for its answer to one request, connecting included. */
  readonly connectionTimeout: string;
  /** How much the service is asked for. */
  readonly throttle: Throttle;
  /** What happens when a request fails. */
  readonly retry: Retry;
  /** Leaves a service alone that does not answer. */
  readonly circuitBreaker: CircuitBreaker;
  /** The TLS connection to the service. */
  readonly tls?: TokenServiceTLS;
}

/** A token service that is asked by WS-Trust. */
export interface WSTrust {
  /** Address of the service. It begins with `https://`; `http://` is for this host only (`127.0.0.1`, `localhost`, `[::1]`), where a sidecar may listen. */
  readonly url?: string;
  /** An object that holds the WSDL of the service: its address and version of SOAP are those of the port. Takes the place of `url` and `soapVersion`. */
  readonly wsdlRef?: WsdlReference;
  /** Version of WS-Trust. */
  readonly version: '1.3' | '1.4' | '2005-02';
  /** Version of SOAP that the service speaks. */
  readonly soapVersion: '1.1' | '1.2';
  /** Local name of the service in its WSDL. With `wsdlRef` it is looked up there (default: the only one); with `url` it says for people which one is meant. */
  readonly serviceName?: string;
  /** Local name of the port in its WSDL. With `wsdlRef` it is looked up there (default: the only one for SOAP); with `url` it says for people which one is meant. */
  readonly portName?: string;
  /** Address of the service that the token is for (`wsp:AppliesTo`). */
  readonly appliesTo?: string;
  /** `SAML1`, `SAML2`, or the URI of a token type. */
  readonly tokenType: string;
  /** What proves that the token is ours: nothing but having it (`Bearer`), a secret key, or our certificate. */
  readonly keyType: 'Bearer' | 'Symmetric' | 'Public';
  /** Bits of the secret key. Default: 256. */
  readonly keySize?: 128 | 192 | 256 | 512;
  /** Who contributes to the secret key (WS-Trust 1.3 §4.4): both sides, or only one. Default: both. */
  readonly entropy?: 'Both' | 'Requester' | 'Issuer';
  /** How long the token should be valid. Default: what the service gives. */
  readonly lifetime?: string;
  /** Claims that the token should make. */
  readonly claims?: readonly Claim[];
  /** `VerifiedToken`: ask for a token in the name of the caller, whose verified token is handed on. */
  readonly onBehalfOf?: 'VerifiedToken';
  /** `VerifiedToken`: the same by ActAs of WS-Trust 1.4, where the new token names both. */
  readonly actAs?: 'VerifiedToken';
  /** How we prove to the service who we are. Absent means by nothing in the message. */
  readonly authentication?: Authentication;
  /** WS-Addressing header blocks of the request. */
  readonly addressing?: TokenServiceAddressing;
  /** Renew a token that is about to expire (WS-Trust 1.3 §5); where that fails, ask for a new one. */
  readonly renew: boolean;
  /** Ask whether a token is still valid (WS-Trust 1.3 §7) before it is dropped because of a backend's Fault. If it is, it stays. */
  readonly validate: boolean;
  /** Cancel a token that is dropped because of a backend's Fault (WS-Trust 1.3 §6). */
  readonly cancel: boolean;
  /** What the service's answer must prove besides its TLS connection. Without it an answer that is signed or encrypted is refused, for nobody could check it. */
  readonly verify?: VerifyAnswer;
}

/** An object that holds the WSDL of the service: its address and version of SOAP are those of the port. Takes the place of `url` and `soapVersion`. */
export interface WsdlReference {
  /** Kind of the object that holds it. */
  readonly kind: 'Secret' | 'ConfigMap';
  /** Name of the object. */
  readonly name: string;
  /** Namespace of the object. Default: that of the token service. In another one a ReferenceGrant must allow it, from kind SecurityTokenService of the token service's namespace. */
  readonly namespace?: string;
  /** Key of the object's data. */
  readonly key: string;
}

/** A claim that the token should make. */
export interface Claim {
  /** URI of the claim. */
  readonly type: string;
  /** The token is welcome without it. */
  readonly optional: boolean;
  /** The value that is asked for. */
  readonly value?: string;
}

/** How we prove to the service who we are. Absent means by nothing in the message. */
export interface Authentication {
  /** A UsernameToken with the `username` and `password` of the chosen credential. */
  readonly usernameToken?: TokenServiceUsernameToken;
  /** Adds a wsu:Timestamp. */
  readonly timestamp?: TokenServiceTimestamp;
  /** A signature over Body and Timestamp with the `tls.key` of the chosen credential. */
  readonly x509?: TokenServiceX509;
  /** A TLS client certificate, the `tls.crt` and `tls.key` of the chosen credential, or else those of `tls.clientCertRef`. */
  readonly mtls?: Readonly<Record<string, never>>;
}

/** A UsernameToken with the `username` and `password` of the chosen credential. */
export interface TokenServiceUsernameToken {
  /** `Digest` sends a digest of the password, the nonce and the time; `Text` the password itself; `None` only the user name. */
  readonly passwordType: 'Text' | 'Digest' | 'None';
  /** Add a nonce. Default: true with Digest, which cannot do without, false otherwise. */
  readonly nonce?: boolean;
  /** Add the time of creation. Default: true with Digest, which cannot do without, false otherwise. */
  readonly created?: boolean;
}

/** Adds a wsu:Timestamp. */
export interface TokenServiceTimestamp {
  /** Time from Created to Expires. */
  readonly ttl: string;
  /** Whether times are written with milliseconds. */
  readonly createdFormat: 'Milliseconds' | 'Seconds';
}

/** A signature over Body and Timestamp with the `tls.key` of the chosen credential. */
export interface TokenServiceX509 {
  /** Signature algorithm; it must fit the key. Default: the one with SHA-256 that fits. */
  readonly algorithm?:
    | 'RSA-SHA1'
    | 'RSA-SHA256'
    | 'RSA-SHA384'
    | 'RSA-SHA512'
    | 'RSA-PSS-SHA256'
    | 'RSA-PSS-SHA384'
    | 'RSA-PSS-SHA512'
    | 'ECDSA-SHA256'
    | 'ECDSA-SHA384'
    | 'ECDSA-SHA512'
    | 'Ed25519';
  /** How the signature names its certificate. */
  readonly keyIdentifier:
    'BinarySecurityToken' | 'IssuerSerial' | 'SubjectKeyIdentifier' | 'ThumbprintSHA1' | 'X509Certificate' | 'X509Data';
}

/** WS-Addressing header blocks of the request. */
export interface TokenServiceAddressing {
  /** Version of WS-Addressing. */
  readonly version: '1.0' | '2004/08';
  /** A text, or `Default`: the action of the WS-Trust request. */
  readonly action?: string;
  /** A text, or `Default`: the address of the service. */
  readonly to?: string;
  /** Address that answers are sent to. */
  readonly replyTo?: string;
  /** Address that faults are sent to. */
  readonly faultTo?: string;
  /** Address of the sender. */
  readonly from?: string;
  /** Message that this one answers. */
  readonly relatesTo?: string;
  /** How the message relates to the one of `relatesTo`: a URI, in version 2004/08 a qualified name, `{namespace}local`. Absent means that it is the reply to it. */
  readonly relationshipType?: string;
  /** A text, or `Default`: a new `urn:uuid:` for each message. */
  readonly messageId?: string;
  /** Mark the header blocks as ones that the service must understand. */
  readonly mustUnderstand: boolean;
}

/** What the service's answer must prove besides its TLS connection. Without it an answer that is signed or encrypted is refused, for nobody could check it. */
export interface VerifyAnswer {
  /** Certificates, or their authorities, that may sign answers: then every answer must be signed, its Body and its Timestamp where it has one. */
  readonly trustRefs?: readonly AnswerTrustReference[];
  /** Secrets with private keys that answers may be encrypted for. Default: the `tls.key` of the chosen credential. */
  readonly keyRefs?: readonly AnswerKeyReference[];
}

/** An object that holds certificates. */
export interface AnswerTrustReference {
  /** Kind of the object that holds it. */
  readonly kind: 'Secret' | 'ConfigMap';
  /** Name of the object. */
  readonly name: string;
  /** Namespace of the object. Default: that of the token service. In another one a ReferenceGrant must allow it, from kind SecurityTokenService of the token service's namespace. */
  readonly namespace?: string;
  /** Key of the object's data. Default: `ca.crt`, or else `tls.crt`; with `pin` the other way round. */
  readonly key?: string;
  /** Trust these certificates themselves, not what they have issued. */
  readonly pin: boolean;
}

/** A Secret with a private key, `tls.crt` and `tls.key`. */
export interface AnswerKeyReference {
  /** Kind of the object that holds it. */
  readonly kind: 'Secret';
  /** Name of the object. */
  readonly name: string;
  /** Namespace of the object. Default: that of the token service. In another one a ReferenceGrant must allow it, from kind SecurityTokenService of the token service's namespace. */
  readonly namespace?: string;
}

/** A service of one's own that answers a plain HTTP request with a token. */
export interface External {
  /** Address of the service. It begins with `https://`; `http://` is for this host only (`127.0.0.1`, `localhost`, `[::1]`), where a sidecar may listen. */
  readonly url: string;
  /** Method of the request. */
  readonly method: 'GET' | 'POST';
  /** Headers of the request. What is secret belongs in `credentials`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Where the token stands in the answer: it is the `Body`. */
  readonly tokenFrom: 'Body';
}

/** A user name and password, a key, or a keytab, and when to use it. */
export interface TokenServiceCredential {
  /** Name of the entry, for logs and metrics. */
  readonly name: string;
  /** Which messages the credential is for. Absent means every message. All conditions of `all` must hold and, where `any` is given, at least one of `any`. */
  readonly when?: When;
  /** Environments that the credential is for, as the data plane is told its own (`waxseal extproc --environment`). Absent means every one. */
  readonly environments?: readonly string[];
  /** Use this entry where no other one fits. */
  readonly default: boolean;
  /** A Secret with what the service asks for: `username` and `password` (for `external`: HTTP Basic), `tls.crt` and `tls.key`, or, for `external`, the value of the Authorization header in `authorization`. One line end at the end of a text does not belong to it. */
  readonly secretRef: TokenServiceSecretReference;
}

/** Which messages the credential is for. Absent means every message. All conditions of `all` must hold and, where `any` is given, at least one of `any`. */
export interface When {
  /** Conditions that must all hold. */
  readonly all?: readonly Condition[];
  /** Conditions of which at least one must hold. */
  readonly any?: readonly Condition[];
}

/** A condition, as in `when` of a WSSecurityPolicy. */
export interface Condition {
  /** Where the compared value comes from. */
  readonly source: 'Header' | 'Path' | 'Query' | 'Method' | 'Host' | 'SourceIP' | 'APIKey' | 'SOAPAction' | 'Operation';
  /** The header (in any case) or query parameter. */
  readonly name?: string;
  /** How it is compared. */
  readonly operator:
    | 'Equals'
    | 'NotEquals'
    | 'StartsWith'
    | 'EndsWith'
    | 'Contains'
    | 'NotContains'
    | 'Matches'
    | 'In'
    | 'NotIn'
    | 'Exists'
    | 'NotExists'
    | 'InCIDR'
    | 'GreaterThan'
    | 'LessThan';
  /** What it is compared with. */
  readonly values?: readonly string[];
}

/** A Secret with what the service asks for: `username` and `password` (for `external`: HTTP Basic), `tls.crt` and `tls.key`, or, for `external`, the value of the Authorization header in `authorization`. One line end at the end of a text does not belong to it. */
export interface TokenServiceSecretReference {
  /** Kind of the object that holds it. */
  readonly kind: 'Secret';
  /** Name of the object. */
  readonly name: string;
  /** Namespace of the object. Default: that of the token service. In another one a ReferenceGrant must allow it, from kind SecurityTokenService of the token service's namespace. */
  readonly namespace?: string;
}

/** How long tokens are kept. */
export interface TokenCache {
  /** How long a token is kept, never longer than it is valid. `0s` turns the cache off. */
  readonly ttl: string;
  /** How long before its end a token is replaced. */
  readonly refreshBefore: string;
  /** Go on with a token that is still valid when a new one cannot be had. */
  readonly staleOnError: boolean;
}

/** How much the service is asked for. */
export interface Throttle {
  /** Time between the beginnings of two requests. */
  readonly minInterval: string;
  /** Requests at the same time. */
  readonly maxConcurrent: number;
}

/** What happens when a request fails. */
export interface Retry {
  /** How often it is tried again. */
  readonly attempts: number;
}

/** Leaves a service alone that does not answer. */
export interface CircuitBreaker {
  /** Failures in a row after which the service is left alone. */
  readonly failures: number;
  /** For how long. */
  readonly openFor: string;
}

/** The TLS connection to the service. */
export interface TokenServiceTLS {
  /** Certification authorities that the service's certificate may be from. Default: those that the system trusts. */
  readonly caRef?: AuthorityReference;
  /** A Secret of type `kubernetes.io/tls` with our certificate and its key. */
  readonly clientCertRef?: ClientCertificateReference;
}

/** Certification authorities that the service's certificate may be from. Default: those that the system trusts. */
export interface AuthorityReference {
  /** Kind of the object that holds it. */
  readonly kind: 'Secret' | 'ConfigMap';
  /** Name of the object. */
  readonly name: string;
  /** Namespace of the object. Default: that of the token service. In another one a ReferenceGrant must allow it, from kind SecurityTokenService of the token service's namespace. */
  readonly namespace?: string;
  /** Key of the object's data. */
  readonly key: string;
}

/** A Secret of type `kubernetes.io/tls` with our certificate and its key. */
export interface ClientCertificateReference {
  /** Kind of the object that holds it. */
  readonly kind: 'Secret';
  /** Name of the object. */
  readonly name: string;
  /** Namespace of the object. Default: that of the token service. In another one a ReferenceGrant must allow it, from kind SecurityTokenService of the token service's namespace. */
  readonly namespace?: string;
}

/** What the controllers made of the token service. */
export interface TokenServiceStatus {
  /** `Accepted` and `ResolvedRefs`, and others while there is reason for them. */
  readonly conditions?: readonly StatusCondition[];
}

/** One thing that is so, or is not. */
export interface StatusCondition {
  /** What the condition is about. */
  readonly type: string;
  /** Whether it is so. */
  readonly status: 'True' | 'False' | 'Unknown';
  /** A word for machines that says why. */
  readonly reason: string;
  /** A sentence that says what is wrong, where, and how to mend it. */
  readonly message: string;
  /** Since when the status is as it is. */
  readonly lastTransitionTime: string;
  /** The generation of the object that the condition speaks of. */
  readonly observedGeneration?: number;
}
