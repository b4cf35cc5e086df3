/** A policy of ours -> what it makes of messages or demands of them, the same for both sides: all that WS-SecurityPolicy speaks of. */

import type { Part, Secure } from '../../../crds/types.ts';
import type { ResolvedPhase, ResolvedSecure, ResolvedSpec, ResolvedVerify } from '../../bundle.ts';
import type { Findings } from '../finding.ts';
import type { Direction, Side } from '../security-policy/side.ts';
import type { Hash, Suite } from '../security-policy/suites.ts';

export interface WireSignature {
  readonly algorithm?: string;
  readonly digest: string;
  readonly canonicalization: string;
  /** Absent where the receiver takes any. */
  readonly keyIdentifier?: string;
  readonly tokenType?: string;
  readonly parts: readonly Part[];
}

export interface WireEncryption {
  readonly dataAlgorithm: Suite['dataAlgorithm'];
  readonly keyTransport: string;
  readonly keyIdentifier?: string;
  readonly parts: readonly Part[];
}

/** A signature over the message signature. */
export interface WireEndorsing {
  readonly keyIdentifier: string;
  readonly signed: boolean;
}

export interface WireUser {
  readonly passwordType: string;
  readonly nonce: boolean;
  readonly created: boolean;
}

/** What one message bears. */
export interface Wire {
  readonly layout: Secure['layout'];
  readonly order?: Secure['order'];
  readonly timestamp: boolean;
  readonly signature?: WireSignature;
  readonly encryption?: WireEncryption;
  readonly usernameToken?: WireUser;
  readonly endorsing: readonly WireEndorsing[];
  /** Known of what is written: on arrival such keys are always understood. */
  readonly derivedKeys: boolean;
  /** The key of an assertion or a ticket may sign. */
  readonly tokenSigns: boolean;
  readonly issuedToken: boolean;
  /** Header blocks of WS-Addressing are written or demanded. */
  readonly addressing: boolean;
  /** Signatures of the request are confirmed. */
  readonly confirmation: boolean;
}

export function wireOf(spec: ResolvedSpec, side: Side, direction: Direction, findings: Findings): Wire {
  const phase = direction === 'input' ? 'request' : 'response';
  const section = spec[phase];
  const writes = (side === 'client') === (direction === 'input');
  const at = `spec.${phase}.${writes ? 'secure' : 'verify'}`;
  return writes ? ofSecure(section, at, findings) : ofVerify(section, at, findings);
}

const NOTHING: Wire = {
  ...{ layout: 'Lax', timestamp: false, issuedToken: false, addressing: false, confirmation: false },
  ...{ endorsing: [], derivedKeys: false, tokenSigns: false },
};

function ofSecure({ secure, addressing }: ResolvedPhase, at: string, findings: Findings): Wire {
  if (secure === undefined) return { ...NOTHING, addressing: addressing !== undefined };
  const { layout, order, timestamp, usernameToken, securityToken, signature, encryption, actor } = secure;
  if (actor !== undefined)
    cannot(findings, `${at}.actor`, 'which Security header is meant cannot be said; tell the partner the actor');
  unsaid(secure, at, findings);
  return {
    ...{ layout, order, timestamp: timestamp !== undefined },
    ...(signature && {
      signature: {
        ...(signature.algorithm !== undefined && { algorithm: signature.algorithm }),
        ...{ digest: signature.digest, canonicalization: signature.canonicalization },
        ...{ keyIdentifier: signature.keyIdentifier, tokenType: signature.tokenType, parts: signature.parts },
      },
    }),
    ...(encryption && {
      encryption: {
        ...{ dataAlgorithm: encryption.dataAlgorithm, keyTransport: encryption.keyTransport },
        ...{ keyIdentifier: encryption.keyIdentifier, parts: encryption.parts },
      },
    }),
    ...(usernameToken && { usernameToken }),
    endorsing: (secure.endorsing ?? []).map(({ keyIdentifier, signed }) => ({ keyIdentifier, signed })),
    derivedKeys: (signature?.derivedKey ?? encryption?.derivedKey) !== undefined,
    tokenSigns: signature?.keyIdentifier === 'SAMLAssertion' || secure.kerberos !== undefined,
    issuedToken: securityToken !== undefined,
    addressing: addressing !== undefined,
    confirmation: signature?.confirm ?? false,
  };
}

/** Sections that are written and that no assertion is made of. */
function unsaid(secure: ResolvedSecure, at: string, findings: Findings): void {
  const said = [
    'actor',
    'mustUnderstand',
    'layout',
    'preset',
    'order',
    'timestamp',
    'usernameToken',
    'securityToken',
    'signature',
    'endorsing',
    'encryption',
  ];
  for (const field of Object.keys(secure)) {
    if (!said.includes(field))
      cannot(findings, `${at}.${field}`, 'is not put into words of WS-SecurityPolicy; tell the partner');
  }
}

function ofVerify({ verify }: ResolvedPhase, at: string, findings: Findings): Wire {
  if (verify === undefined) return NOTHING;
  const { timestamp, usernameToken, signature, decryption, actor, addressing, signatureConfirmation } = verify;
  if (actor !== undefined)
    cannot(findings, `${at}.actor`, 'which Security header is meant cannot be said; tell the partner the actor');
  undemanded(verify, at, findings);
  return {
    layout: 'Lax',
    timestamp: timestamp?.required ?? false,
    ...(signature && {
      signature: {
        algorithm: only(signature.accept.algorithms, `${at}.signature.accept.algorithms`, findings),
        digest: only(signature.accept.digests, `${at}.signature.accept.digests`, findings),
        canonicalization: only(
          signature.accept.canonicalizations.length === 2
            ? [signature.accept.canonicalizations[0]]
            : signature.accept.canonicalizations,
          `${at}.signature.accept.canonicalizations`,
          findings,
        ),
        parts: signature.requiredParts.filter(({ part, optional }) => part !== 'Timestamp' || !optional),
      },
    }),
    ...(decryption && {
      encryption: {
        dataAlgorithm: only(decryption.accept.dataAlgorithms, `${at}.decryption.accept.dataAlgorithms`, findings),
        keyTransport: only(decryption.accept.keyTransports, `${at}.decryption.accept.keyTransports`, findings),
        parts: decryption.requiredParts,
      },
      order: decryption.requireSignedEncryptedData ? 'EncryptThenSign' : 'SignThenEncrypt',
    }),
    ...(usernameToken && {
      usernameToken: {
        passwordType: only(usernameToken.passwordTypes, `${at}.usernameToken.passwordTypes`, findings),
        nonce: false,
        created: false,
      },
    }),
    endorsing: verify.endorsing ? [{ keyIdentifier: 'BinarySecurityToken', signed: verify.endorsing.signed }] : [],
    derivedKeys: false,
    tokenSigns: (verify.saml ?? verify.kerberos) !== undefined,
    issuedToken: false,
    addressing: addressing !== undefined,
    confirmation: signatureConfirmation === 'Required',
  };
}

/** Sections that are demanded and that no assertion is made of. */
function undemanded(verify: ResolvedVerify, at: string, findings: Findings): void {
  const said = [
    'actor',
    'removeSecurityHeader',
    'timestamp',
    'usernameToken',
    'signature',
    'endorsing',
    'decryption',
    'addressing',
  ];
  const ours = ['signatureConfirmation', 'replay', 'bspCompliance', 'bspIgnore', 'identityHeaders'];
  for (const field of Object.keys(verify)) {
    if ([...said, ...ours].includes(field)) continue;
    cannot(findings, `${at}.${field}`, 'is not put into words of WS-SecurityPolicy; tell the partner');
  }
  const { subject, issuer, dnsNames, uris } = verify.signature ?? {};
  for (const [field, value] of Object.entries({ subject, issuer, dnsNames, uris })) {
    if (value === undefined) continue;
    findings.note(
      'Elsewhere',
      `${at}.signature.${field}`,
      {},
      'which certificates are taken is for you to tell the partner',
    );
  }
}

/** A suite names one algorithm: of several that are accepted, the first. */
function only<T extends string>(values: readonly T[], field: string, findings: Findings): T {
  const [first, ...others] = values;
  if (others.length > 0) {
    findings.note('Chosen', field, {}, `a policy names one, here ${first}; ${others.join(', ')} would be accepted too`);
  }
  return first;
}

export function cannot(findings: Findings, subject: string, message: string): void {
  findings.error('NotExpressible', subject, {}, message);
}

/** `RSA-SHA256`: SHA256. */
export function hashOf(algorithm: string | undefined): Hash | undefined {
  return /SHA(1|256|384|512)$/.exec(algorithm ?? '')?.[0] as Hash | undefined;
}
