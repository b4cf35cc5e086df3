/** Algorithm suites (WS-SecurityPolicy 1.3 §6.1, §7.1) and those that Apache CXF adds. */

import type { Encryption, Signature } from '../../../crds/types.ts';
import type { Findings } from '../finding.ts';
import { CXF_SUITES, SECURITY_POLICY } from '../ws-policy/namespaces.ts';
import type { Assertion } from '../ws-policy/policy.ts';

export type Hash = 'SHA1' | 'SHA256' | 'SHA384' | 'SHA512';

/** What a suite says, in our words. */
export interface Suite {
  readonly name: string;
  readonly digest: Hash;
  /** Hash of the signature itself, with RSA or HMAC. */
  readonly signatureHash: Hash;
  readonly dataAlgorithm: NonNullable<Encryption['dataAlgorithm']> | 'TripleDES-CBC';
  readonly keyTransport: NonNullable<Encryption['keyTransport']>;
  readonly canonicalization: Signature['canonicalization'];
  readonly assertion: Assertion;
}

const STANDARD = /^(Basic(128|192|256)|TripleDes)(Sha256)?(Rsa15)?$/;
const CXF = /^Basic(128|192|256)GCM(Sha(?:256|384|512))?(MgfSha256)?(Rsa15)?$/;
/** XPath10 and the like say how elements are selected, which the assertions themselves say too. */
const HARMLESS: ReadonlySet<string> = new Set([
  'ExclusiveC14N',
  'STRTransform10',
  'XPath10',
  'XPathFilter20',
  'AbsXPath',
]);

/**
 * Reads `sp:AlgorithmSuite`.
 *
 * @param signatureHash the hash of signatures where peers take another than SHA-1, which is what all standard suites say
 */
export function readSuite(
  assertion: Assertion,
  findings: Findings,
  signatureHash: Hash | undefined,
): Suite | undefined {
  let suite: Suite | undefined;
  let canonicalization: Suite['canonicalization'] = 'ExclusiveC14N';
  for (const nested of assertion.nested ?? []) {
    const { namespace, localName, name, place } = nested;
    const found = suiteOf(nested, assertion);
    if (found !== undefined) suite = found;
    else if (SECURITY_POLICY.has(namespace) && HARMLESS.has(localName)) continue;
    else if (SECURITY_POLICY.has(namespace) && localName === 'InclusiveC14N') canonicalization = 'C14N10';
    else if (SECURITY_POLICY.has(namespace) && localName === 'InclusiveC14N11') canonicalization = 'C14N11';
    else if (namespace === CXF_SUITES && localName === 'CustomAlgorithmSuite') {
      findings.error(
        'NotExpressible',
        name,
        place,
        'its algorithms stand in the configuration of the service (ws-security.custom.alg.suite.*) and not here; ask for them and write them into the result',
      );
    } else {
      findings.error(
        'NotExpressible',
        name,
        place,
        'this part of an algorithm suite is not known; ask the partner for another',
      );
    }
  }
  if (suite === undefined) {
    findings.error(
      'NotExpressible',
      assertion.name,
      assertion.place,
      'names no algorithm suite that is known; the defaults of Modern are used',
    );
    return undefined;
  }
  const signature = signatureHash ?? suite.signatureHash;
  if (signature === 'SHA1' && suite.digest !== 'SHA1') {
    findings.note(
      'Chosen',
      `sp:${suite.name}`,
      assertion.place,
      'its digests are SHA-256, but the specification and Apache CXF sign with SHA-1 in it; .NET signs with SHA-256: if the peer does too, convert with --signature-hash SHA256',
    );
  }
  return { ...suite, signatureHash: signature, canonicalization };
}

function suiteOf({ namespace, localName }: Assertion, assertion: Assertion): Suite | undefined {
  const common = { name: localName, canonicalization: 'ExclusiveC14N' as const, assertion };
  if (SECURITY_POLICY.has(namespace)) {
    const match = STANDARD.exec(localName);
    if (match === null) return undefined;
    const [, , bits, sha256, rsa15] = match;
    return {
      ...common,
      digest: sha256 === undefined ? 'SHA1' : 'SHA256',
      signatureHash: 'SHA1',
      dataAlgorithm: bits === undefined ? 'TripleDES-CBC' : (`AES${bits}-CBC` as Suite['dataAlgorithm']),
      keyTransport: rsa15 === undefined ? 'RSA-OAEP-MGF1P' : 'RSA-1_5',
    };
  }
  const match = namespace === CXF_SUITES ? CXF.exec(localName) : null;
  if (match === null) return undefined;
  const [, bits, hash, mgf, rsa15] = match;
  const digest = (hash?.toUpperCase() ?? 'SHA1') as Hash;
  return {
    ...common,
    digest,
    signatureHash: digest,
    dataAlgorithm: `AES${bits}-GCM` as Suite['dataAlgorithm'],
    keyTransport: rsa15 !== undefined ? 'RSA-1_5' : mgf === undefined ? 'RSA-OAEP-MGF1P' : 'RSA-OAEP',
  };
}

/** A suite that says these algorithms, or undefined where there is none. */
export function suiteNamed(
  suite: Pick<Suite, 'digest' | 'dataAlgorithm' | 'keyTransport'>,
): { readonly name: string; readonly namespace?: string } | undefined {
  const { digest, dataAlgorithm, keyTransport } = suite;
  const [, bits, mode] = /^AES(\d+)-(GCM|CBC)$/.exec(dataAlgorithm) ?? [];
  const family = dataAlgorithm === 'TripleDES-CBC' ? 'TripleDes' : `Basic${bits}`;
  const rsa15 = keyTransport === 'RSA-1_5' ? 'Rsa15' : '';
  const hash = digest === 'SHA1' ? '' : digest.replace('SHA', 'Sha');
  if (mode !== 'GCM') {
    if (keyTransport === 'RSA-OAEP' || !['SHA1', 'SHA256'].includes(digest)) return undefined;
    return { name: `${family}${hash}${rsa15}` };
  }
  const mgf = keyTransport === 'RSA-OAEP' ? 'MgfSha256' : '';
  return { name: `${family}GCM${hash}${mgf}${rsa15}`, namespace: CXF_SUITES };
}
