/** The algorithm suite and the layout of a binding (WS-SecurityPolicy 1.3 §6.1, §6.7). */

import type { Findings } from '../finding.ts';
import { suiteNamed, type Suite } from '../security-policy/suites.ts';
import { CXF_SUITES } from '../ws-policy/namespaces.ts';
import { cannot, hashOf, type Wire } from './wire.ts';
import { element, nested, type XmlElement } from './xml.ts';

/** The one suite of the binding. */
export function suiteOf(wires: readonly Wire[], findings: Findings): XmlElement {
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

export function layoutOf(wires: readonly Wire[], findings: Findings): XmlElement {
  const [layout = 'Lax', ...others] = [...new Set(wires.map((wire) => wire.layout).filter((each) => each !== 'Lax'))];
  if (others.length > 0)
    cannot(findings, 'sp:Layout', 'holds for requests and answers, and here they differ; tell the partner');
  return nested('sp:Layout', [element(`sp:${LAYOUTS[layout]}`)]);
}
