/**
 * Types of WSSecurityPolicy v1alpha1, as it stands once the schema's defaults are filled in.
 *
 * Generated from crds/waxseal.dev_wssecuritypolicies.yaml by scripts/generate.ts; change that instead.
 */

/** What the policy does. */
export interface WSSecurityPolicySpec {
  /** Free text for people. */
  readonly description?: string;
  /** When false, messages pass untouched. */
  readonly enabled: boolean;
  /** What happens to SOAP messages that arrive under this policy and that it does not process, because `when` does not hold or because neither `request` nor `response` says what to do. On a policy that targets a Gateway these are the messages on all its routes that no policy of their own covers. `Refuse` refuses them; what is not SOAP passes. `Pass` lets them pass as well. */
  readonly unmatched: 'Pass' | 'Refuse';
  /** `Enforce` refuses what fails. `Audit` does everything, reports what would have happened, and forwards the original message. */
  readonly mode: 'Enforce' | 'Audit';
  /** The objects in the policy's namespace that it attaches to. A policy of an HTTPRoute takes the place of the one of its Gateway, and a policy of a section that of the whole object; where two policies have the same target, the older one holds. Without a cluster Envoy's configuration names the policy instead. */
  readonly targetRefs?: readonly TargetReference[];
  /** The same by label, for a whole group of objects in the policy's namespace. Objects that get or lose the labels later are taken in or left out at once. */
  readonly targetSelectors?: readonly TargetSelector[];
  /** Which messages the policy concerns; others pass untouched. Absent means every message. All conditions of `all` must hold and, where `any` is given, at least one of `any`. */
  readonly when?: When;
  /** From the client to the backend. */
  readonly request?: Phase;
  /** From the backend to the client, the same three. */
  readonly response?: {
    /** What the arriving message must prove. Everything listed must be there and hold; what is not listed is not trusted. It runs before `addressing` and `secure`. */
    readonly verify?: Verify;
    /** WS-Addressing header blocks, written before `secure` so that they can be signed. Those that the message has already are replaced. */
    readonly addressing?: Addressing;
    /** What the message gets before it leaves, in one Security header. */
    readonly secure?: Secure;
  };
  /** What the client gets when a message is refused. The reason itself goes to the log and the metrics only. */
  readonly faults: Faults;
  /** Messages beyond these limits are refused. */
  readonly limits: Limits;
}

/** An object that the policy attaches to. */
export interface TargetReference {
  /** API group of the target: `gateway.networking.k8s.io`, or the empty text for a Service. */
  readonly group: string;
  /** Kind of the target: `Gateway`, `HTTPRoute`, or `Service` for the sidecars of Istio. */
  readonly kind: string;
  /** Name of the target. */
  readonly name: string;
  /** A listener of the Gateway, a named rule of the route or a port of the Service. Absent means the whole object. */
  readonly sectionName?: string;
}

/** Objects that the policy attaches to, by their labels. */
export interface TargetSelector {
  /** API group of the targets: `gateway.networking.k8s.io`, or the empty text for Services. */
  readonly group: string;
  /** Kind of the targets: `Gateway`, `HTTPRoute` or `Service`. */
  readonly kind: string;
  /** Labels that a target must all have. */
  readonly matchLabels: Readonly<Record<string, string>>;
}

/** Which messages the policy concerns; others pass untouched. Absent means every message. All conditions of `all` must hold and, where `any` is given, at least one of `any`. */
export interface When {
  /** Conditions that must all hold. */
  readonly all?: readonly Condition[];
  /** Conditions of which at least one must hold. */
  readonly any?: readonly Condition[];
}

/** A value of the message, and what it is compared with. */
export interface Condition {
  /** Where the compared value comes from. `Header`: every value of the header `name`. `Path`: the request path without its query, with escaped letters, digits, `-`, `.`, `_` and `~` unescaped and dot segments resolved. `Query`: every decoded value of the query parameter `name`. `Method`: the HTTP method. `Host`: the request's host, lower case, without the port. `SourceIP`: the address of the client. `APIKey`: the header `X-API-Key` and the query parameter `apikey`, or the header and parameter called `name`; compared in constant time with `Equals` and `In`. It chooses a policy and authenticates nobody. `SOAPAction`: the SOAP 1.1 header without its quotes, or the `action` parameter of the SOAP 1.2 content type. `Operation`: the qualified name of the first child of the SOAP Body, written `{namespace}local`. In the response phase all of them still speak of the request. */
  readonly source: 'Header' | 'Path' | 'Query' | 'Method' | 'Host' | 'SourceIP' | 'APIKey' | 'SOAPAction' | 'Operation';
  /** The header (in any case) or query parameter. */
  readonly name?: string;
  /** How it is compared. With several `values`, `Equals`, `In`, `StartsWith`, `EndsWith`, `Contains`, `Matches`, `InCIDR`, `GreaterThan` and `LessThan` hold when any value of the message fits any of them, and never for a message without the value. `NotEquals`, `NotIn` and `NotContains` are the exact opposites of `Equals`, `In` and `Contains`: they hold when no value of the message fits, so also when there is none. `Exists` holds when there is a value, even an empty one; `NotExists` when there is none. `Matches` takes RE2 expressions that must match the whole value. `InCIDR` takes IPv4 or IPv6 networks. `GreaterThan` and `LessThan` compare decimal numbers; what is no number fits neither. */
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

/** From the client to the backend. */
export interface Phase {
  /** What the arriving message must prove. Everything listed must be there and hold; what is not listed is not trusted. It runs before `addressing` and `secure`. */
  readonly verify?: Verify;
  /** WS-Addressing header blocks, written before `secure` so that they can be signed. Those that the message has already are replaced. */
  readonly addressing?: Addressing;
  /** What the message gets before it leaves, in one Security header. */
  readonly secure?: Secure;
}

/** What the arriving message must prove. Everything listed must be there and hold; what is not listed is not trusted. It runs before `addressing` and `secure`. */
export interface Verify {
  /** The Security header that is ours: its SOAP 1.1 actor or SOAP 1.2 role. Absent means the ultimate receiver. */
  readonly actor?: string;
  /** Which attachments a message may have (SOAP with Attachments, MTOM). `Signed`: those that the signature covers which covers the required parts, by a reference or because an xop:Include puts them into a signed element. `Pass`: any, vouched for by nobody. `Refuse`: none. Default: Signed where `signature` is given, Pass elsewhere. */
  readonly attachments?: 'Signed' | 'Pass' | 'Refuse';
  /** Remove our Security header once the message is verified. The headers of other actors always stay byte for byte. */
  readonly removeSecurityHeader: boolean;
  /** The age of the message, by its wsu:Timestamp (WSS 1.1 §10). */
  readonly timestamp?: VerifyTimestamp;
  /** Decrypts the message (XML Encryption 1.1, WSS 1.1 §9). */
  readonly decryption?: Decryption;
  /** The signature that the message must bear (XML Signature 1.1, WSS 1.1 §8). `trustRefs`, `secretRefs` or a token whose key may sign, such as those of `verify.saml` and `verify.kerberos`, say who may have made it. */
  readonly signature?: VerifySignature;
  /** A signature over the Signature that `signature` demands (WS-SecurityPolicy 1.3 §8.3), and who may have made it. Where the message's signature is made with a symmetric key, this is who the message is from. At least one of `trustRefs` and `secretRefs` is given. */
  readonly endorsing?: VerifyEndorsing;
  /** The UsernameToken that the message must bear. */
  readonly usernameToken?: VerifyUsernameToken;
  /** The SAML assertion that the message must bear (WSS SAML token profile 1.1): exactly one, whose issuer is trusted, which is for us, and which the sender proves it may use. Encrypted ones are decrypted with the keys of `decryption`. */
  readonly saml?: VerifySAML;
  /** The Kerberos ticket that the message must bear (Kerberos token profile 1.1), checked with the keytab alone, without asking the KDC. It says who sent the message; where `signature` names neither `trustRefs` nor `secretRefs`, the key of the ticket must have signed, and only that says that the message is theirs. */
  readonly kerberos?: VerifyKerberos;
  /** On a response: whether it must confirm every signature that we put on the request (WSS 1.1 §8.5). Belongs in `response.verify` only. */
  readonly signatureConfirmation: 'Required' | 'NotRequired';
  /** The WS-Addressing header blocks that the message must have. What of them must be signed, `signature.requiredParts` says. */
  readonly addressing?: VerifyAddressing;
  /** Refuses a message that was seen before, by its signature, the nonce of its UsernameToken and, with `addressing`, its MessageID. */
  readonly replay: Replay;
  /** How much of the WS-I Basic Security Profile 1.1 is demanded. `Strict`: every rule that can be checked, but those of `bspIgnore`. `Lenient` and `Off`: only those that security needs. kubectl reads a bare `Off` as false: write it in quotes. */
  readonly bspCompliance: 'Strict' | 'Lenient' | 'Off';
  /** Rules of the Basic Security Profile that `Strict` does not demand, such as R5620 and R5626, which know no AES-GCM and no SHA-256 in RSA-OAEP. */
  readonly bspIgnore?: readonly string[];
  /** HTTP headers that carry the verified identity to the receiver. A client's own headers of these names are removed. */
  readonly identityHeaders?: readonly IdentityHeader[];
}

/** The age of the message, by its wsu:Timestamp (WSS 1.1 §10). */
export interface VerifyTimestamp {
  /** Refuse a message without a Timestamp. */
  readonly required: boolean;
  /** How long ago the message may have been made. */
  readonly maxAge: string;
  /** How far Created may lie in our future, and Expires in our past. */
  readonly clockSkew: string;
  /** The longest time from Created to Expires that is accepted. */
  readonly maxLifetime: string;
}

/** Decrypts the message (XML Encryption 1.1, WSS 1.1 §9). */
export interface Decryption {
  /** The keys to decrypt with. Several allow a key to be replaced while messages to the old one still arrive. */
  readonly keyRefs?: readonly KeyReference[];
  /** Parts that must have arrived encrypted; none, where what is encrypted is to be decrypted and nothing need be. Default: Body. */
  readonly requiredParts?: readonly Part[];
  /** The algorithms that a message may be encrypted with. */
  readonly accept: DecryptionAccept;
  /** Decrypt only what a valid signature covers, which closes padding oracles against CBC. Default: true when `accept.dataAlgorithms` lists a CBC algorithm, false otherwise. */
  readonly requireSignedEncryptedData?: boolean;
}

/** A Secret that holds an RSA, EC, X25519 or X448 private key and its certificate: of type `kubernetes.io/tls` (`tls.crt`, `tls.key`), or with a PKCS#12 file in `keystore.p12`, its password in `password` and, where it holds several keys, the wanted one's friendly name in `alias`. Or the key-encryption key of AES-KW: 16, 24 or 32 octets in `secret`. */
export interface KeyReference {
  /** Kind of the object that holds it. */
  readonly kind: 'Secret';
  /** Name of the object. */
  readonly name: string;
  /** Namespace of the object. Default: the policy's own. In another one a ReferenceGrant must allow it, from kind WSSecurityPolicy of the policy's namespace. */
  readonly namespace?: string;
}

/** A part of the message, found by its place in it. Exactly one of `part`, `header` and `element` is given. */
export interface Part {
  /** `Body`: the SOAP Body. `Timestamp`, `UsernameToken`, `Signature`: that element of our Security header. `Token`: of a signature the token that signs, covered by the STR-Transform; of an encryption the issued token, unless it signs. `Attachments`: every attachment of the message, but what an xop:Include puts into the envelope is part of the element that holds it. `Assertion`: the SAML assertion of our Security header. */
  readonly part?: 'Body' | 'Timestamp' | 'Token' | 'UsernameToken' | 'Signature' | 'Assertion' | 'Attachments';
  /** Header blocks of the SOAP Header. */
  readonly header?: HeaderPart;
  /** Elements below the SOAP Body. */
  readonly element?: ElementPart;
  /** For encryption: the whole `Element`, or only its `Content`. Default: Content for Body and `element`, Element for the others. Signatures always cover the whole element. Of Attachments the `Content` (the default), or with its MIME header the `Complete` part. */
  readonly mode?: 'Content' | 'Element' | 'Complete';
  /** The part may be missing from the message; if it is there, it is treated as any other. */
  readonly optional: boolean;
}

/** Header blocks of the SOAP Header. */
export interface HeaderPart {
  /** Namespace of the header blocks. */
  readonly namespace: string;
  /** Local name of the header block. Absent means all header blocks of that namespace. */
  readonly name?: string;
}

/** Elements below the SOAP Body. */
export interface ElementPart {
  /** Namespace of the elements; empty for elements in no namespace. */
  readonly namespace: string;
  /** Local name of the elements. */
  readonly name: string;
}

/** The algorithms that a message may be encrypted with. */
export interface DecryptionAccept {
  /** Block encryption. CBC and TripleDES are legacy and must be listed to be accepted. */
  readonly dataAlgorithms: readonly (
    'AES128-GCM' | 'AES192-GCM' | 'AES256-GCM' | 'AES128-CBC' | 'AES192-CBC' | 'AES256-CBC' | 'TripleDES-CBC'
  )[];
  /** Key transport: RSA, a key agreement (`ECDH-ES`, `X25519`, `X448`) or a key that both sides know (`AES-KW`), of which a message can use those that a key of `keyRefs` fits. RSA-1_5 is legacy and must be listed to be accepted. */
  readonly keyTransports: readonly (
    'RSA-OAEP' | 'RSA-OAEP-MGF1P' | 'RSA-1_5' | 'ECDH-ES' | 'X25519' | 'X448' | 'AES-KW'
  )[];
}

/** The signature that the message must bear (XML Signature 1.1, WSS 1.1 §8). `trustRefs`, `secretRefs` or a token whose key may sign, such as those of `verify.saml` and `verify.kerberos`, say who may have made it. */
export interface VerifySignature {
  /** Certificates that decide who may sign: certification authorities, or with `pin` the signers themselves. Other certificates in the same object are where a signer is found that the message only names by serial number, key identifier, thumbprint or key value. */
  readonly trustRefs?: readonly TrustReference[];
  /** Secrets that hold, in their key `secret`, the octets that verify HMAC signatures. */
  readonly secretRefs?: readonly SharedSecretReference[];
  /** What the distinguished name must look like, as RFC 2253 writes it. */
  readonly subject?: NameConstraint;
  /** What the distinguished name must look like, as RFC 2253 writes it. */
  readonly issuer?: NameConstraint;
  /** The signer's certificate must be made out to one of these DNS names. */
  readonly dnsNames?: readonly string[];
  /** The signer's certificate must be made out to one of these URIs, for example a SPIFFE identity. */
  readonly uris?: readonly string[];
  /** Extended key usages that the signer's certificate must all have: object identifiers, or `any`, `serverAuth`, `clientAuth`, `codeSigning`, `emailProtection`, `timeStamping`, `OCSPSigning`. */
  readonly extendedKeyUsage?: readonly string[];
  /** Refuses signers whose certificates have been revoked, and by default those of whom it is not known. With both, either is believed that a certificate is revoked; otherwise the OCSP responder decides, and the lists where it cannot be had. */
  readonly revocation?: Revocation;
  /** Parts that the signature must cover. Default: Body and Timestamp. */
  readonly requiredParts?: readonly Part[];
  /** The algorithms that a message may be signed with. */
  readonly accept: SignatureAccept;
}

/** Certificates in a Secret or ConfigMap. */
export interface TrustReference {
  /** Kind of the object that holds it. */
  readonly kind: ObjectKind;
  /** Name of the object. */
  readonly name: string;
  /** Namespace of the object. Default: the policy's own. In another one a ReferenceGrant must allow it, from kind WSSecurityPolicy of the policy's namespace. */
  readonly namespace?: string;
  /** Key of the object's data. Default: `ca.crt`, or else `tls.crt`; the other way round with `pin`. PEM, DER, or a PKCS#12 trust store with its password in `password`. */
  readonly key?: string;
  /** These very certificates may sign; nothing they issue may. */
  readonly pin: boolean;
}

/** Kind of the object that holds it. */
export type ObjectKind = 'Secret' | 'ConfigMap';

/** A Secret with the octets of an HMAC key in its key `secret`. */
export interface SharedSecretReference {
  /** Kind of the object that holds it. */
  readonly kind: 'Secret';
  /** Name of the object. */
  readonly name: string;
  /** Namespace of the object. Default: the policy's own. In another one a ReferenceGrant must allow it, from kind WSSecurityPolicy of the policy's namespace. */
  readonly namespace?: string;
}

/** What the distinguished name must look like, as RFC 2253 writes it. */
export interface NameConstraint {
  /** An RE2 expression that must match the whole name, for example `CN=acme,.*`. */
  readonly matches: string;
}

/** Refuses signers whose certificates have been revoked, and by default those of whom it is not known. With both, either is believed that a certificate is revoked; otherwise the OCSP responder decides, and the lists where it cannot be had. */
export interface Revocation {
  /** Certificate revocation lists, in PEM or DER. */
  readonly crlRefs?: readonly CrlReference[];
  /** Asks an OCSP responder (RFC 6960) about every certificate between the signer and the trusted authority. An answer is kept for as long as it says. A certificate that the responder does not know is refused. */
  readonly ocsp?: Ocsp;
}

/** Revocation lists in a Secret or ConfigMap. */
export interface CrlReference {
  /** Kind of the object that holds it. */
  readonly kind: ObjectKind;
  /** Name of the object. */
  readonly name: string;
  /** Namespace of the object. Default: the policy's own. In another one a ReferenceGrant must allow it, from kind WSSecurityPolicy of the policy's namespace. */
  readonly namespace?: string;
  /** Key of the object's data. */
  readonly key: string;
}

/** Asks an OCSP responder (RFC 6960) about every certificate between the signer and the trusted authority. An answer is kept for as long as it says. A certificate that the responder does not know is refused. */
export interface Ocsp {
  /** Address of the responder. Default: the one that each certificate names (authority information access), which is asked only once a trusted authority is known to have issued the certificate. */
  readonly responderUrl?: string;
  /** Certificates of responders whose answers count. Those of the issuer itself, and of a responder that it has certified for OCSP signing, always do. */
  readonly trustRefs?: readonly ResponderReference[];
  /** The answer must repeat a nonce of the question. Many responders, which sign their answers beforehand, do not. */
  readonly nonce: boolean;
  /** What becomes of a signer when the responder cannot be asked, or its answer does not count, and no list of `crlRefs` says either. */
  readonly onUnavailable: 'Refuse' | 'Allow';
  /** How long the responder has for its answer. */
  readonly timeout: string;
  /** How far the responder's clock may differ from ours. */
  readonly clockSkew: string;
}

/** Certificates in a Secret or ConfigMap. */
export interface ResponderReference {
  /** Kind of the object that holds it. */
  readonly kind: ObjectKind;
  /** Name of the object. */
  readonly name: string;
  /** Namespace of the object. Default: the policy's own. In another one a ReferenceGrant must allow it, from kind WSSecurityPolicy of the policy's namespace. */
  readonly namespace?: string;
  /** Key of the object's data. Default: `ca.crt`, or else `tls.crt`; the other way round with `pin`. PEM, DER, or a PKCS#12 trust store with its password in `password`. */
  readonly key?: string;
}

/** The algorithms that a message may be signed with. */
export interface SignatureAccept {
  /** Signature algorithms. Those with SHA-1 are legacy and must be listed to be accepted. HMAC algorithms need `secretRefs` or a token whose key signs. Default: with `trustRefs` RSA, RSA-PSS and ECDSA with SHA-2, Ed25519 and Ed448; with `secretRefs` or such a token HMAC with SHA-2. */
  readonly algorithms?: readonly SignatureAlgorithm[];
  /** Digest algorithms. SHA1 is legacy and must be listed to be accepted. */
  readonly digests: readonly DigestName[];
  /** Canonicalization algorithms. */
  readonly canonicalizations: readonly CanonicalizationName[];
}

export type SignatureAlgorithm =
  | 'RSA-SHA1'
  | 'RSA-SHA224'
  | 'RSA-SHA256'
  | 'RSA-SHA384'
  | 'RSA-SHA512'
  | 'RSA-PSS-SHA1'
  | 'RSA-PSS-SHA256'
  | 'RSA-PSS-SHA384'
  | 'RSA-PSS-SHA512'
  | 'ECDSA-SHA1'
  | 'ECDSA-SHA256'
  | 'ECDSA-SHA384'
  | 'ECDSA-SHA512'
  | 'Ed25519'
  | 'Ed448'
  | 'HMAC-SHA1'
  | 'HMAC-SHA256'
  | 'HMAC-SHA384'
  | 'HMAC-SHA512';

export type DigestName = 'SHA1' | 'SHA224' | 'SHA256' | 'SHA384' | 'SHA512';

export type CanonicalizationName =
  'ExclusiveC14N' | 'ExclusiveC14NWithComments' | 'C14N10' | 'C14N10WithComments' | 'C14N11' | 'C14N11WithComments';

/** A signature over the Signature that `signature` demands (WS-SecurityPolicy 1.3 §8.3), and who may have made it. Where the message's signature is made with a symmetric key, this is who the message is from. At least one of `trustRefs` and `secretRefs` is given. */
export interface VerifyEndorsing {
  /** Certificates that decide who may sign: certification authorities, or with `pin` the signers themselves. Other certificates in the same object are where a signer is found that the message only names by serial number, key identifier, thumbprint or key value. */
  readonly trustRefs?: readonly TrustReference[];
  /** Secrets that hold, in their key `secret`, the octets that verify HMAC signatures. */
  readonly secretRefs?: readonly SharedSecretReference[];
  /** What the distinguished name must look like, as RFC 2253 writes it. */
  readonly subject?: NameConstraint;
  /** What the distinguished name must look like, as RFC 2253 writes it. */
  readonly issuer?: NameConstraint;
  /** The signer's certificate must be made out to one of these DNS names. */
  readonly dnsNames?: readonly string[];
  /** The signer's certificate must be made out to one of these URIs, for example a SPIFFE identity. */
  readonly uris?: readonly string[];
  /** Extended key usages that the signer's certificate must all have: object identifiers, or `any`, `serverAuth`, `clientAuth`, `codeSigning`, `emailProtection`, `timeStamping`, `OCSPSigning`. */
  readonly extendedKeyUsage?: readonly string[];
  /** Refuses signers whose certificates have been revoked, and by default those of whom it is not known. With both, either is believed that a certificate is revoked; otherwise the OCSP responder decides, and the lists where it cannot be had. */
  readonly revocation?: Revocation;
  /** The message's signature must cover the token of this one, which must be in the message (WS-SecurityPolicy 1.3 §8.4). */
  readonly signed: boolean;
  /** The algorithms that a message may be signed with. */
  readonly accept: SignatureAccept;
}

/** The UsernameToken that the message must bear. */
export interface VerifyUsernameToken {
  /** A Secret whose data keys are user names and whose values are their passwords. One line end at the end of a value does not belong to it. */
  readonly usersRef: UsersReference;
  /** Password types that are accepted. `None` lets anyone in who knows a user name. `DerivedKey`: the token holds no password, and the signature that `verify.signature` demands was made with a key derived from it (UsernameToken profile 1.1 §4). */
  readonly passwordTypes: readonly ('Text' | 'Digest' | 'None' | 'DerivedKey')[];
  /** Rounds of SHA-1 that a token may ask for when a key is derived from its password; never fewer than 1000. Each costs about a microsecond, whoever sent the message. */
  readonly maxIterations: number;
  /** How long ago the token may have been created. */
  readonly maxAge: string;
  /** How far Created may lie in our future. */
  readonly clockSkew: string;
}

/** A Secret whose data keys are user names and whose values are their passwords. One line end at the end of a value does not belong to it. */
export interface UsersReference {
  /** Kind of the object that holds it. */
  readonly kind: 'Secret';
  /** Name of the object. */
  readonly name: string;
  /** Namespace of the object. Default: the policy's own. In another one a ReferenceGrant must allow it, from kind WSSecurityPolicy of the policy's namespace. */
  readonly namespace?: string;
}

/** The SAML assertion that the message must bear (WSS SAML token profile 1.1): exactly one, whose issuer is trusted, which is for us, and which the sender proves it may use. Encrypted ones are decrypted with the keys of `decryption`. */
export interface VerifySAML {
  /** Certificates that decide who may issue assertions: certification authorities, or with `pin` the issuers themselves. */
  readonly trustRefs?: readonly TrustReference[];
  /** What the distinguished name must look like, as RFC 2253 writes it. */
  readonly subject?: NameConstraint;
  /** What the distinguished name must look like, as RFC 2253 writes it. */
  readonly issuer?: NameConstraint;
  /** The signer's certificate must be made out to one of these DNS names. */
  readonly dnsNames?: readonly string[];
  /** The signer's certificate must be made out to one of these URIs, for example a SPIFFE identity. */
  readonly uris?: readonly string[];
  /** Extended key usages that the signer's certificate must all have: object identifiers, or `any`, `serverAuth`, `clientAuth`, `codeSigning`, `emailProtection`, `timeStamping`, `OCSPSigning`. */
  readonly extendedKeyUsage?: readonly string[];
  /** Refuses signers whose certificates have been revoked, and by default those of whom it is not known. With both, either is believed that a certificate is revoked; otherwise the OCSP responder decides, and the lists where it cannot be had. */
  readonly revocation?: Revocation;
  /** The algorithms that a message may be signed with. */
  readonly accept: SignatureAccept;
  /** `Required`: the issuer must have signed the assertion. `Optional`: one that it has not signed is taken, too, if its sender vouches for it (`SenderVouches`). */
  readonly assertionSignature: 'Required' | 'Optional';
  /** Versions of SAML that are accepted. */
  readonly versions: readonly ('1.1' | '2.0')[];
  /** What the assertion may call its issuer. Default: whatever the signer writes there. */
  readonly issuers?: readonly string[];
  /** Names of ours: each AudienceRestriction must name one of them, and there must be one. Default: none, and an assertion that is for an audience is refused. */
  readonly audiences?: readonly string[];
  /** Addresses of ours that a SubjectConfirmation may name as its Recipient. Default: none, and one that names a Recipient confirms nothing. */
  readonly recipients?: readonly string[];
  /** How the sender may prove that the assertion is its to use. `HolderOfKey`: what `signature` demands was signed with the key that the assertion names, or that signature was. `SenderVouches`: a signature that `signature` trusts covers the assertion, the Body and what else is demanded. `Bearer`: whoever has the assertion may use it. */
  readonly confirmations: readonly ('HolderOfKey' | 'SenderVouches' | 'Bearer')[];
  /** How far our clock may differ from the issuer's. */
  readonly clockSkew: string;
  /** The longest that may lie between IssueInstant and NotOnOrAfter. An assertion without NotOnOrAfter ends that long after it was issued. */
  readonly maxLifetime: string;
}

/** The Kerberos ticket that the message must bear (Kerberos token profile 1.1), checked with the keytab alone, without asking the KDC. It says who sent the message; where `signature` names neither `trustRefs` nor `secretRefs`, the key of the ticket must have signed, and only that says that the message is theirs. */
export interface VerifyKerberos {
  /** A Secret that holds a keytab of MIT format in `keytab`. RC4, DES and Triple DES keys in it are not used. */
  readonly keytabRef: KeytabReference;
  /** The service that tickets must be for, such as `HTTP/gateway.example@EXAMPLE.COM`. */
  readonly servicePrincipal: string;
  /** Clients that are let in: their names, or `*@REALM` for everyone of a realm. Default: everyone of the service's realm. */
  readonly principals?: readonly string[];
  /** How far the clocks of clients and of the KDC may differ from ours. */
  readonly clockSkew: string;
}

/** A Secret that holds a keytab of MIT format in `keytab`. RC4, DES and Triple DES keys in it are not used. */
export interface KeytabReference {
  /** Kind of the object that holds it. */
  readonly kind: 'Secret';
  /** Name of the object. */
  readonly name: string;
  /** Namespace of the object. Default: the policy's own. In another one a ReferenceGrant must allow it, from kind WSSecurityPolicy of the policy's namespace. */
  readonly namespace?: string;
}

/** The WS-Addressing header blocks that the message must have. What of them must be signed, `signature.requiredParts` says. */
export interface VerifyAddressing {
  /** Whether the message must have a MessageID. One that was seen before within `replay.window` is refused, whether it is required or not. */
  readonly messageId: 'Required' | 'Optional';
  /** `MatchSOAPAction`: Action must be there and equal the SOAP action of the HTTP request, where that says one. `Any` does not look at it. */
  readonly action: 'MatchSOAPAction' | 'Any';
  /** Of a response: whether it must relate to the MessageID that the request had when it left, if it had one. `IfPresent` lets answers pass that say nothing. */
  readonly relatesTo: 'Required' | 'IfPresent';
  /** Addresses that ReplyTo and FaultTo may name besides the anonymous one and that for none: nobody else's address gets answers sent by the backend. */
  readonly allowedReplyTo?: readonly string[];
}

/** Refuses a message that was seen before, by its signature, the nonce of its UsernameToken and, with `addressing`, its MessageID. */
export interface Replay {
  /** How long messages are remembered. `0s` turns the check off. */
  readonly window: string;
  /** What happens when the cache that replicas share cannot be reached. `LocalOnly` checks against what this replica has seen. */
  readonly onCacheUnavailable: 'Refuse' | 'LocalOnly';
}

/** An HTTP header and what it tells of the sender. */
export interface IdentityHeader {
  /** Name of the header. */
  readonly name: string;
  /** `Subject`, `Issuer`, `SerialNumber` (decimal) and `ThumbprintSHA256` (hexadecimal) of the signer's certificate, the `Username` of the UsernameToken, the `KerberosPrincipal` of the ticket, or of the SAML assertion the name of its subject (`SAMLSubject`), its issuer (`SAMLIssuer`) and the values of an `attribute` (`SAMLAttribute`), separated by commas. */
  readonly value:
    | 'Subject'
    | 'Issuer'
    | 'SerialNumber'
    | 'ThumbprintSHA256'
    | 'Username'
    | 'KerberosPrincipal'
    | 'SAMLSubject'
    | 'SAMLIssuer'
    | 'SAMLAttribute';
  /** Name of the attribute, for `SAMLAttribute`. */
  readonly attribute?: string;
}

/** WS-Addressing header blocks, written before `secure` so that they can be signed. Those that the message has already are replaced. */
export interface Addressing {
  /** Version of WS-Addressing. */
  readonly version: '1.0' | '2004/08';
  /** A text, or `Default`: the SOAP action of the message. */
  readonly action?: string;
  /** A text, or `Default`: the address of the request. */
  readonly to?: string;
  /** Address that answers are sent to. */
  readonly replyTo?: string;
  /** Address that faults are sent to. */
  readonly faultTo?: string;
  /** Address of the sender. */
  readonly from?: string;
  /** Message that this one answers: a text or, on a response, `Default`: the MessageID that the request came with. */
  readonly relatesTo?: string;
  /** How the message relates to the one of `relatesTo`: a URI, in version 2004/08 a qualified name, `{namespace}local`. Absent means that it is the reply to it. */
  readonly relationshipType?: string;
  /** A text, or `Default`: a new `urn:uuid:` for each message. */
  readonly messageId?: string;
  /** Mark the header blocks as ones that the receiver must understand. */
  readonly mustUnderstand: boolean;
}

/** What the message gets before it leaves, in one Security header. */
export interface Secure {
  /** The Security header that is ours: its SOAP 1.1 actor or SOAP 1.2 role. Absent means the ultimate receiver. */
  readonly actor?: string;
  /** Mark the Security header as one that the receiver must understand. */
  readonly mustUnderstand: boolean;
  /** Order of the header's contents (WS-SecurityPolicy §6.7): `Lax`, `Strict` (declared before use), or with the Timestamp first or last. */
  readonly layout: 'Lax' | 'Strict' | 'LaxTimestampFirst' | 'LaxTimestampLast';
  /** Whose defaults hold for the fields that are not given; given fields always win. See the table of presets below. */
  readonly preset: 'Modern' | 'LegacyInterop' | 'Boomi' | 'CXFDefault' | 'WSS4JDefault';
  /** What becomes of a message with attachments when `signature` or `encryption` protects it and neither names the part Attachments. `Refuse` (the default): it is refused. `Pass`: its attachments travel unprotected. What an xop:Include puts into the envelope is protected with the element that holds it. */
  readonly attachments?: 'Refuse' | 'Pass';
  /** Which protection is applied first when a message is both signed and encrypted. */
  readonly order: 'SignThenEncrypt' | 'EncryptThenSign';
  /** Adds a wsu:Timestamp. */
  readonly timestamp?: Timestamp;
  /** Adds a UsernameToken (UsernameToken profile 1.1). */
  readonly usernameToken?: UsernameToken;
  /** Adds a token that a SecurityTokenService issues, byte for byte as it came from there. */
  readonly securityToken?: SecurityToken;
  /** Adds a SAML assertion that the gateway makes and signs itself: it vouches for the caller of a request. Belongs in `request.secure` only, and never beside `securityToken`. A caller who cannot be named is refused. */
  readonly saml?: IssuedAssertion;
  /** A Kerberos ticket for the receiver (Kerberos token profile 1.1), with an authenticator of its own in each message. It is asked for at the KDC and used until shortly before its end. Without `signature.keyRef` the signature is made with its key. Needs the optional npm package `kerberos`, and the machine's krb5.conf where the KDC is not found through DNS. */
  readonly kerberos?: SecureKerberos;
  /** Signs parts of the message. */
  readonly signature?: Signature;
  /** Signatures over the message's `signature` (WS-SecurityPolicy 1.3 §8.3), which say who it is from where that is made with a symmetric key. */
  readonly endorsing?: readonly EndorsingSignature[];
  /** Encrypts parts of the message. Exactly one of `recipientRef` and `recipient` is given, and neither where `dataKey` names a key that the receiver has. */
  readonly encryption?: Encryption;
}

/** Adds a wsu:Timestamp. */
export interface Timestamp {
  /** Time from Created to Expires. */
  readonly ttl: string;
  /** Whether times are written with milliseconds. Default: by preset. */
  readonly precision?: 'Milliseconds' | 'Seconds';
}

/** Adds a UsernameToken (UsernameToken profile 1.1). */
export interface UsernameToken {
  /** Who the message is from. Exactly one of `secretRef` and `pool` is given. */
  readonly credentials: Credentials;
  /** `Digest` sends a digest of the password, the nonce and the time; `Text` the password itself; `None` only the user name. */
  readonly passwordType: 'Text' | 'Digest' | 'None';
  /** Add a nonce. Default: true with Digest, which cannot do without, false otherwise. */
  readonly nonce?: boolean;
  /** Add the time of creation. Default: true with Digest, which cannot do without, and with `derivedKey`, false otherwise. */
  readonly created?: boolean;
  /** Derives a key from the password (UsernameToken profile 1.1 §4), which signs with keyIdentifier UsernameToken, or encrypts with dataKey UsernameToken. The token then holds no password, whatever `passwordType` is. */
  readonly derivedKey?: {
    /** Rounds of SHA-1. */
    readonly iterations: number;
    /** What the token says that the key is for. Keys of DerivedKeyTokens may be for either. */
    readonly usage: 'MAC' | 'Encryption';
  };
}

/** Who the message is from. Exactly one of `secretRef` and `pool` is given. */
export interface Credentials {
  /** A Secret with the keys `username` and `password`, such as one of type `kubernetes.io/basic-auth`. One line end at the end of a value does not belong to it. */
  readonly secretRef?: CredentialsReference;
  /** Several to choose from. The first entry holds whose `when` holds and whose `environments` fit, or else the default. */
  readonly pool?: readonly PooledCredential[];
  /** What happens to a message for which there is no credential: it is refused, or passes without being secured. Default: it is refused. */
  readonly onNoCredential?: 'Refuse' | 'PassUnchanged';
}

/** A Secret with the keys `username` and `password`, such as one of type `kubernetes.io/basic-auth`. One line end at the end of a value does not belong to it. */
export interface CredentialsReference {
  /** Kind of the object that holds it. */
  readonly kind: 'Secret';
  /** Name of the object. */
  readonly name: string;
  /** Namespace of the object. Default: the policy's own. In another one a ReferenceGrant must allow it, from kind WSSecurityPolicy of the policy's namespace. */
  readonly namespace?: string;
}

/** A user name and password, and when to use it. */
export interface PooledCredential {
  /** Name of the entry, for logs and metrics. */
  readonly name: string;
  /** Which messages the policy concerns; others pass untouched. Absent means every message. All conditions of `all` must hold and, where `any` is given, at least one of `any`. */
  readonly when?: When;
  /** Environments that the credential is for, as the data plane is told its own (`waxseal extproc --environment`). Absent means every one. */
  readonly environments?: readonly string[];
  /** Use this entry where no other one fits. */
  readonly default: boolean;
  /** A Secret with the keys `username` and `password`, such as one of type `kubernetes.io/basic-auth`. One line end at the end of a value does not belong to it. */
  readonly secretRef: CredentialsReference;
}

/** Adds a token that a SecurityTokenService issues, byte for byte as it came from there. */
export interface SecurityToken {
  /** The SecurityTokenService. */
  readonly serviceRef: TokenServiceReference;
  /** What happens when the backend answers with a Fault that speaks of security. `Invalidate` drops the token, so that the next message gets a new one. `Retry` also sends this message again, once, with a new token, to `retryUrl`. `Ignore` keeps the token. A token that was only just issued is kept in any case. */
  readonly onSecurityFault: 'Invalidate' | 'Retry' | 'Ignore';
  /** Where a message is sent again, for Envoy cannot send it twice with different bodies: the backend, or a listener of Envoy's whose route leads there without passing Waxseal. The path and query are those of the message. */
  readonly retryUrl?: string;
}

/** The SecurityTokenService. */
export interface TokenServiceReference {
  /** Name of the object. */
  readonly name: string;
  /** Namespace of the token service. Default: that of the policy. In another one a ReferenceGrant must allow it, from kind WSSecurityPolicy to kind SecurityTokenService. */
  readonly namespace?: string;
}

/** Adds a SAML assertion that the gateway makes and signs itself: it vouches for the caller of a request. Belongs in `request.secure` only, and never beside `securityToken`. A caller who cannot be named is refused. */
export interface IssuedAssertion {
  /** Version of SAML. */
  readonly version: '1.1' | '2.0';
  /** Who the assertion is from, as its receivers know the gateway. */
  readonly issuer: string;
  /** Why the receiver may take the message for the subject's (SAML token profile 1.1 §3.5). `SenderVouches`: because the gateway has signed it; `signature` covers the assertion by default then. `HolderOfKey`: because it is signed with the key that the assertion names; use `signature.keyIdentifier: SAMLAssertion`. `Bearer`: because it has the assertion, so the connection must keep others from reading it. */
  readonly confirmation: 'Bearer' | 'HolderOfKey' | 'SenderVouches';
  /** Who the assertion is about. */
  readonly subject: AssertionSubject;
  /** What the assertion says of the subject besides the name. */
  readonly attributes?: readonly AssertionAttribute[];
  /** Whom the assertion is for, such as `urn:backend`. Absent means everybody. */
  readonly audience?: readonly string[];
  /** How long the assertion is valid. It is used for several messages of the same caller in its first half. */
  readonly lifetime: string;
  /** Make an assertion for each message, and say that receivers must take it once: OneTimeUse, in SAML 1.1 DoNotCacheCondition. */
  readonly oneTimeUse: boolean;
  /** How the caller was authenticated, a URI. Default: what fits the source of the subject: password, X.509, TLS client or Kerberos, and unspecified for a header, a claim or a text. */
  readonly authnContext?: string;
  /** A Secret that holds the private key and its certificate: of type `kubernetes.io/tls` (`tls.crt`, `tls.key`), or with a PKCS#12 file in `keystore.p12`, its password in `password` and, where it holds several keys, the wanted one's friendly name in `alias`. For HMAC algorithms, the secret octets in `secret`. */
  readonly signingKeyRef: SigningKeyReference;
  /** The signature of the assertion itself, which is always canonicalized exclusively. */
  readonly signature: {
    /** Signature algorithm; it must fit the key. Default: RSA-SHA256, ECDSA-SHA256, ECDSA-SHA384, ECDSA-SHA512 (by curve), Ed25519 or Ed448, whichever fits the key. */
    readonly algorithm?:
      | 'RSA-SHA1'
      | 'RSA-SHA224'
      | 'RSA-SHA256'
      | 'RSA-SHA384'
      | 'RSA-SHA512'
      | 'RSA-PSS-SHA1'
      | 'RSA-PSS-SHA256'
      | 'RSA-PSS-SHA384'
      | 'RSA-PSS-SHA512'
      | 'ECDSA-SHA1'
      | 'ECDSA-SHA256'
      | 'ECDSA-SHA384'
      | 'ECDSA-SHA512'
      | 'Ed25519'
      | 'Ed448';
    /** Digest algorithm of its reference. */
    readonly digest: 'SHA1' | 'SHA224' | 'SHA256' | 'SHA384' | 'SHA512';
  };
  /** The key that the assertion names, with confirmation HolderOfKey. Default: the one of `signingKeyRef`, by its certificate. */
  readonly holderOfKey?: HolderOfKey;
}

/** Who the assertion is about. */
export interface AssertionSubject {
  /** Where it comes from. `VerifiedIdentity`: what `request.verify` has proved. `Certificate`: the certificate that the client showed Envoy in TLS, which Envoy must have validated. `Claim`: a claim of the JWT that Envoy's `jwt_authn` filter has verified. `Header`: an HTTP header, which is believed as it comes, so whoever is in front of Waxseal must have set it. `Static`: the same for every message. */
  readonly source: AssertionSource;
  /** The header, in any case. Or the claim: a name, or names with dots between them for a claim within another. Of a Certificate `Subject` (the default), `URI` or `DNS`, which are the first of its subject alternative names, or `ThumbprintSHA256`, in hexadecimal. Of a VerifiedIdentity `SAMLSubject`, `Username`, `KerberosPrincipal` or `CertificateSubject`; absent means the first of them that there is. */
  readonly name?: string;
  /** Of Static. */
  readonly value?: string;
  /** Format of the name, a URI. Default: that of an X.509 subject for the subject of a certificate, what the caller's own assertion says for its subject, the one for Kerberos for a Kerberos principal, and unspecified otherwise. */
  readonly format?: string;
}

/** Where it comes from. `VerifiedIdentity`: what `request.verify` has proved. `Certificate`: the certificate that the client showed Envoy in TLS, which Envoy must have validated. `Claim`: a claim of the JWT that Envoy's `jwt_authn` filter has verified. `Header`: an HTTP header, which is believed as it comes, so whoever is in front of Waxseal must have set it. `Static`: the same for every message. */
export type AssertionSource = 'VerifiedIdentity' | 'Certificate' | 'Claim' | 'Header' | 'Static';

/** An attribute, with one value or several. */
export interface AssertionAttribute {
  /** Name of the attribute. */
  readonly name: string;
  /** NameFormat of SAML 2.0, a URI. In SAML 1.1, where it must be given, the AttributeNamespace. */
  readonly nameFormat?: string;
  /** Where the values come from: as for `subject`, and `SAMLAttribute`, an attribute of the assertion that the caller proved himself with. A VerifiedIdentity has one value, the name of the caller; headers, claims and attributes may have several. */
  readonly source: 'VerifiedIdentity' | 'Certificate' | 'Claim' | 'Header' | 'Static' | 'SAMLAttribute';
  /** Of Header, in any case. */
  readonly header?: string;
  /** Of Claim: a name, or names with dots between them for a claim within another. */
  readonly claim?: string;
  /** Of Certificate. Default: Subject. */
  readonly field?: 'Subject' | 'URI' | 'DNS' | 'ThumbprintSHA256';
  /** Of SAMLAttribute: its Name, or AttributeName in SAML 1.1. */
  readonly attribute?: string;
  /** Of Static. */
  readonly values?: readonly string[];
  /** Whether a message without the value is refused. Otherwise the attribute is left out then. */
  readonly required: boolean;
}

/** A Secret that holds the private key and its certificate: of type `kubernetes.io/tls` (`tls.crt`, `tls.key`), or with a PKCS#12 file in `keystore.p12`, its password in `password` and, where it holds several keys, the wanted one's friendly name in `alias`. For HMAC algorithms, the secret octets in `secret`. */
export interface SigningKeyReference {
  /** Kind of the object that holds it. */
  readonly kind: 'Secret';
  /** Name of the object. */
  readonly name: string;
  /** Namespace of the object. Default: the policy's own. In another one a ReferenceGrant must allow it, from kind WSSecurityPolicy of the policy's namespace. */
  readonly namespace?: string;
}

/** The key that the assertion names, with confirmation HolderOfKey. Default: the one of `signingKeyRef`, by its certificate. */
export interface HolderOfKey {
  /** `X509`: a key of ours, named by its certificate. `KeyValue`: the same, named by its numbers. `EncryptedKey`: a new secret for each assertion, encrypted for the receiver. */
  readonly keyType: 'X509' | 'KeyValue' | 'EncryptedKey';
  /** A Secret that holds the private key and its certificate: of type `kubernetes.io/tls` (`tls.crt`, `tls.key`), or with a PKCS#12 file in `keystore.p12`, its password in `password` and, where it holds several keys, the wanted one's friendly name in `alias`. For HMAC algorithms, the secret octets in `secret`. */
  readonly keyRef?: SigningKeyReference;
  /** The certificate that it is encrypted to. */
  readonly recipientRef?: HolderRecipient;
  /** Key transport of EncryptedKey: `RSA-OAEP` (XML Encryption 1.1, with SHA-256) or `RSA-OAEP-MGF1P` (SHA-1 mask, the older URI). */
  readonly keyTransport: 'RSA-OAEP' | 'RSA-OAEP-MGF1P';
}

/** The certificate that it is encrypted to. */
export interface HolderRecipient {
  /** Kind of the object that holds it. */
  readonly kind: ObjectKind;
  /** Name of the object. */
  readonly name: string;
  /** Namespace of the object. Default: the policy's own. In another one a ReferenceGrant must allow it, from kind WSSecurityPolicy of the policy's namespace. */
  readonly namespace?: string;
  /** Key of the object's data. */
  readonly key: string;
}

/** A Kerberos ticket for the receiver (Kerberos token profile 1.1), with an authenticator of its own in each message. It is asked for at the KDC and used until shortly before its end. Without `signature.keyRef` the signature is made with its key. Needs the optional npm package `kerberos`, and the machine's krb5.conf where the KDC is not found through DNS. */
export interface SecureKerberos {
  /** The receiver, as `service/host@REALM`. */
  readonly servicePrincipal: string;
  /** Who asks for the ticket, such as `gateway@EXAMPLE.COM`. Default: whoever the credential cache is of. */
  readonly clientPrincipal?: string;
  /** A Secret that holds a keytab of MIT format in `keytab`. RC4, DES and Triple DES keys in it are not used. */
  readonly keytabRef?: KeytabReference;
  /** A Secret that holds, in `ccache`, a credential cache file such as `kinit` writes. Somebody else must put a new one there before its tickets end. */
  readonly credentialCacheRef?: CredentialCacheReference;
  /** `GSS`: in the frame of GSS-API, as WSS4J and WS-I want it. `AP-REQ`: the plain AP-REQ. */
  readonly valueType: 'GSS' | 'AP-REQ';
}

/** A Secret that holds, in `ccache`, a credential cache file such as `kinit` writes. Somebody else must put a new one there before its tickets end. */
export interface CredentialCacheReference {
  /** Kind of the object that holds it. */
  readonly kind: 'Secret';
  /** Name of the object. */
  readonly name: string;
  /** Namespace of the object. Default: the policy's own. In another one a ReferenceGrant must allow it, from kind WSSecurityPolicy of the policy's namespace. */
  readonly namespace?: string;
}

/** Signs parts of the message. */
export interface Signature {
  /** A Secret that holds the private key and its certificate: of type `kubernetes.io/tls` (`tls.crt`, `tls.key`), or with a PKCS#12 file in `keystore.p12`, its password in `password` and, where it holds several keys, the wanted one's friendly name in `alias`. For HMAC algorithms, the secret octets in `secret`. */
  readonly keyRef?: SigningKeyReference;
  /** Signature algorithm; it must fit the key. Default: by preset; Modern takes RSA-SHA256, ECDSA-SHA256, ECDSA-SHA384, ECDSA-SHA512 (by curve), Ed25519, Ed448 or HMAC-SHA256, whichever fits the key. */
  readonly algorithm?: SecureAlgorithm;
  /** Digest algorithm of the references. Default: by preset. */
  readonly digest?: SecureDigest;
  /** Canonicalization algorithm. */
  readonly canonicalization: SecureCanonicalization;
  /** Prefixes that exclusive canonicalization treats inclusively: `Auto` (those in scope, as WSS4J lists them), `None`, or a list of prefixes, in which `#default` is the default namespace. Default: Auto. */
  readonly inclusiveNamespaces?: unknown;
  /** How the signature names its key; `SAMLAssertion` signs with the key that the token of `securityToken` was issued for, or that the assertion of `saml` names as its holder's, and names that token. `EncryptedKey` and `EncryptedKeySHA1` sign with the key of the message's EncryptedKey, and name it by its Id or its hash; without `encryption`, or with its dataKey Request, with the key of the request. `UsernameToken` signs with the key that is derived from the password. `KerberosSHA1` signs with the key of the Kerberos ticket: that of `secure.kerberos`, or in a response the one that came with the request; `BinarySecurityToken` without `keyRef` does so too, and refers to the token in the message. Default: by preset; for HMAC algorithms KeyName. */
  readonly keyIdentifier?:
    | 'BinarySecurityToken'
    | 'IssuerSerial'
    | 'SubjectKeyIdentifier'
    | 'ThumbprintSHA1'
    | 'X509Certificate'
    | 'X509Data'
    | 'KeyValue'
    | 'KeyName'
    | 'EncryptedKeySHA1'
    | 'EncryptedKey'
    | 'UsernameToken'
    | 'SAMLAssertion'
    | 'KerberosSHA1';
  /** Uses not the symmetric key itself, but one that a wsc:DerivedKeyToken derives from it for this message (WS-SecureConversation, P_SHA1). */
  readonly derivedKey?: DerivedKey;
  /** What the BinarySecurityToken holds: the signer's certificate (`X509v3`), or it and those above it in the Secret, in order (`X509PKIPathv1`) or in any (`PKCS7`). */
  readonly tokenType: 'X509v3' | 'X509PKIPathv1' | 'PKCS7';
  /** Parts that are signed. Default: Body, and Timestamp where `timestamp` is given; the presets Boomi and WSS4JDefault sign the Body only. With a `saml` of confirmation SenderVouches also the Assertion. */
  readonly parts?: readonly Part[];
  /** On a response: confirm each signature of the request with a signed SignatureConfirmation (WSS 1.1 §8.5). Belongs in `response.secure` only. */
  readonly confirm: boolean;
}

/** Signature algorithm; it must fit the key. Default: by preset; Modern takes RSA-SHA256, ECDSA-SHA256, ECDSA-SHA384, ECDSA-SHA512 (by curve), Ed25519, Ed448 or HMAC-SHA256, whichever fits the key. */
export type SecureAlgorithm =
  | 'RSA-SHA1'
  | 'RSA-SHA224'
  | 'RSA-SHA256'
  | 'RSA-SHA384'
  | 'RSA-SHA512'
  | 'RSA-PSS-SHA1'
  | 'RSA-PSS-SHA256'
  | 'RSA-PSS-SHA384'
  | 'RSA-PSS-SHA512'
  | 'ECDSA-SHA1'
  | 'ECDSA-SHA256'
  | 'ECDSA-SHA384'
  | 'ECDSA-SHA512'
  | 'Ed25519'
  | 'Ed448'
  | 'HMAC-SHA1'
  | 'HMAC-SHA256'
  | 'HMAC-SHA384'
  | 'HMAC-SHA512';

/** Digest algorithm of the references. Default: by preset. */
export type SecureDigest = 'SHA1' | 'SHA224' | 'SHA256' | 'SHA384' | 'SHA512';

/** Canonicalization algorithm. */
export type SecureCanonicalization =
  'ExclusiveC14N' | 'ExclusiveC14NWithComments' | 'C14N10' | 'C14N10WithComments' | 'C14N11' | 'C14N11WithComments';

/** Uses not the symmetric key itself, but one that a wsc:DerivedKeyToken derives from it for this message (WS-SecureConversation, P_SHA1). */
export interface DerivedKey {
  /** Version of WS-SecureConversation. */
  readonly version: '2005/12' | '2005/02';
  /** Length of the key in bytes. Default: that of the algorithm's hash or key. */
  readonly length?: number;
}

/** A signature over the message's Signature. */
export interface EndorsingSignature {
  /** A Secret that holds the private key and its certificate: of type `kubernetes.io/tls` (`tls.crt`, `tls.key`), or with a PKCS#12 file in `keystore.p12`, its password in `password` and, where it holds several keys, the wanted one's friendly name in `alias`. For HMAC algorithms, the secret octets in `secret`. */
  readonly keyRef: SigningKeyReference;
  /** Signature algorithm; it must fit the key. Default: by preset; Modern takes RSA-SHA256, ECDSA-SHA256, ECDSA-SHA384, ECDSA-SHA512 (by curve), Ed25519, Ed448 or HMAC-SHA256, whichever fits the key. */
  readonly algorithm?: SecureAlgorithm;
  /** Digest algorithm of the references. Default: by preset. */
  readonly digest?: SecureDigest;
  /** Canonicalization algorithm. */
  readonly canonicalization: SecureCanonicalization;
  /** How the signature names its key. Default: by preset; for HMAC algorithms KeyName. */
  readonly keyIdentifier?:
    | 'BinarySecurityToken'
    | 'IssuerSerial'
    | 'SubjectKeyIdentifier'
    | 'ThumbprintSHA1'
    | 'X509Certificate'
    | 'X509Data'
    | 'KeyValue'
    | 'KeyName';
  /** The message's signature covers the BinarySecurityToken of this one (WS-SecurityPolicy 1.3 §8.4). */
  readonly signed: boolean;
}

/** Encrypts parts of the message. Exactly one of `recipientRef` and `recipient` is given, and neither where `dataKey` names a key that the receiver has. */
export interface Encryption {
  /** The key that encrypts. `New`: one for this message, in an EncryptedKey to the recipient. `Request`: on a response, the key that came with the request. `IssuedToken`: the secret that the token of `securityToken` was issued for. `UsernameToken`: the key derived from the password of `usernameToken`, whose 20 bytes do for AES128, or with `derivedKey` for all. `Kerberos`: the key of the Kerberos ticket, of which AES128 takes the first half. Default: New. */
  readonly dataKey?: 'New' | 'Request' | 'IssuedToken' | 'UsernameToken' | 'Kerberos';
  /** Uses not the symmetric key itself, but one that a wsc:DerivedKeyToken derives from it for this message (WS-SecureConversation, P_SHA1). */
  readonly derivedKey?: DerivedKey;
  /** The certificate that it is encrypted to; with keyTransport AES-KW a Secret with the key-encryption key that both sides know. */
  readonly recipientRef?: RecipientReference;
  /** `RequestSigner`: whoever signed the request. Belongs in `response.secure` only, with a `request.verify.signature`. */
  readonly recipient?: 'RequestSigner';
  /** Block encryption. TripleDES-CBC is accepted on arrival only. Default: by preset. */
  readonly dataAlgorithm?: 'AES128-GCM' | 'AES192-GCM' | 'AES256-GCM' | 'AES128-CBC' | 'AES192-CBC' | 'AES256-CBC';
  /** Key transport: `RSA-OAEP` (XML Encryption 1.1, with `oaep`), `RSA-OAEP-MGF1P` (SHA-1 mask, the older URI) or, for receivers that have nothing better, the weak `RSA-1_5`; `ECDH-ES`, `X25519` and `X448` agree with the recipient's EC, X25519 or X448 key on one that wraps the message's (`keyWrap`, `keyDerivation`); `AES-KW` wraps it with a key that both sides know. Default: by preset. */
  readonly keyTransport?: 'RSA-OAEP' | 'RSA-OAEP-MGF1P' | 'RSA-1_5' | 'ECDH-ES' | 'X25519' | 'X448' | 'AES-KW';
  /** How the agreed key wraps the message's. Default: AES256-KW. With AES-KW the length of the key-encryption key decides, and this is not given. */
  readonly keyWrap?: 'AES128-KW' | 'AES192-KW' | 'AES256-KW';
  /** How the wrapping key is derived from what ECDH-ES, X25519 or X448 agree on. */
  readonly keyDerivation?: {
    /** `ConcatKDF` (XML Encryption 1.1) or `HKDF` (RFC 9231). Default: ConcatKDF. */
    readonly function?: 'ConcatKDF' | 'HKDF';
    /** Its hash. WSS4J 4.0 reads HKDF with SHA256 only. Default: SHA256. */
    readonly digest?: 'SHA256' | 'SHA384' | 'SHA512';
  };
  /** Parameters of RSA-OAEP. */
  readonly oaep?: Oaep;
  /** How the EncryptedKey names the recipient's certificate. Default: by preset; for AES-KW KeyName, which is the name of the Secret. */
  readonly keyIdentifier?:
    | 'BinarySecurityToken'
    | 'IssuerSerial'
    | 'SubjectKeyIdentifier'
    | 'ThumbprintSHA1'
    | 'X509Certificate'
    | 'X509Data'
    | 'KeyValue'
    | 'KeyName';
  /** Parts that are encrypted; none, where the EncryptedKey is for the signature alone. Default: the content of the Body. */
  readonly parts?: readonly Part[];
}

/** The certificate that it is encrypted to; with keyTransport AES-KW a Secret with the key-encryption key that both sides know. */
export interface RecipientReference {
  /** Kind of the object that holds it. */
  readonly kind: ObjectKind;
  /** Name of the object. */
  readonly name: string;
  /** Namespace of the object. Default: the policy's own. In another one a ReferenceGrant must allow it, from kind WSSecurityPolicy of the policy's namespace. */
  readonly namespace?: string;
  /** Key of the object's data. Default: `tls.crt`; with keyTransport AES-KW `secret`, which holds 16, 24 or 32 octets. */
  readonly key?: string;
}

/** Parameters of RSA-OAEP. */
export interface Oaep {
  /** Digest of OAEP. Default: by preset. */
  readonly digest?: 'SHA1' | 'SHA224' | 'SHA256' | 'SHA384' | 'SHA512';
  /** Mask generation function; always MGF1-SHA1 with RSA-OAEP-MGF1P. Default: by preset. */
  readonly mgf?: 'MGF1-SHA1' | 'MGF1-SHA224' | 'MGF1-SHA256' | 'MGF1-SHA384' | 'MGF1-SHA512';
}

/** What the client gets when a message is refused. The reason itself goes to the log and the metrics only. */
export interface Faults {
  /** A SOAP Fault in the version of the message, or a JSON document. */
  readonly format: 'SOAPFault' | 'JSON';
  /** HTTP status of every refusal by the policy. Default: 403 for messages refused by the policy, 400 for what is no SOAP message, 503 when something that the policy needs is unavailable. */
  readonly statusCode?: number;
  /** A code of your own, shown beside the WSS fault code. */
  readonly errorCode?: string;
  /** The text of the fault. It is the same for every refusal, so it can tell nobody why. */
  readonly message?: string;
  /** What happens to a backend's SOAP Fault that carries no security although `response.verify` demands it: `Refuse` treats it as any other such message, `Pass` forwards it, `Replace` puts a fault of the gateway in its place. */
  readonly unsignedBackendFaults: 'Pass' | 'Refuse' | 'Replace';
}

/** Messages beyond these limits are refused. */
export interface Limits {
  /** Size of the body, after decompression. */
  readonly maxBodyBytes: number;
  /** Depth of nested elements. */
  readonly maxDepth: number;
  /** Number of elements. */
  readonly maxElements: number;
  /** Number of attachments of a multipart message. Default: 100. */
  readonly maxAttachments?: number;
  /** Size of one attachment, as it comes. Default: maxBodyBytes. */
  readonly maxAttachmentBytes?: number;
}

/** What the controllers made of the policy, for each Gateway that it concerns (GEP-713). */
export interface PolicyStatus {
  /** One entry for each Gateway, or for each Service of a sidecar. */
  readonly ancestors?: readonly PolicyAncestorStatus[];
}

/** What became of the policy at one Gateway. */
export interface PolicyAncestorStatus {
  /** The Gateway. */
  readonly ancestorRef: ParentReference;
  /** The controller that wrote this entry. */
  readonly controllerName: string;
  /** `Accepted`, `ResolvedRefs` and `Programmed`, and while there is reason for them `CertificateExpiring`, `LegacyAlgorithms` and others. */
  readonly conditions?: readonly StatusCondition[];
}

/** The Gateway. */
export interface ParentReference {
  /** API group of the object. */
  readonly group?: string;
  /** Kind of the object. */
  readonly kind?: string;
  /** Namespace of the object. */
  readonly namespace?: string;
  /** Name of the object. */
  readonly name: string;
  /** Section of the object, where the policy concerns only one. */
  readonly sectionName?: string;
  /** Port of the object, where the policy concerns only one. */
  readonly port?: number;
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
