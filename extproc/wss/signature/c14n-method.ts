/** Reading of the canonicalization that a message asks for: of SignedInfo, of a Reference, of an STR-Transform. */

import type { CanonicalizeOptions } from '../../xml/c14n.ts';
import type { XmlIndex } from '../../xml/xml-index.ts';
import { canonicalizations, nameOfUri, type CanonicalizationName } from '../algorithms.ts';
import { AlgorithmNotAcceptedError, InvalidStructureError, LimitError, UnsupportedAlgorithmError } from '../errors.ts';
import { EXC_C14N } from '../namespaces.ts';
import { requiredAttribute } from '../structure.ts';

/** Prefixes that one InclusiveNamespaces element may list. */
const MAX_PREFIXES = 64;

/**
 * Reads the Algorithm and the InclusiveNamespaces PrefixList (Exclusive XML Canonicalization 1.0 §4) of a
 * CanonicalizationMethod or Transform element.
 *
 * @param accepted what the policy accepts
 * @throws UnsupportedAlgorithmError for everything that is no canonicalization (XPath, XSLT, enveloped, base64, ...)
 * @throws AlgorithmNotAcceptedError, InvalidStructureError (parameters we do not know), LimitError
 */
export function readCanonicalization(
  index: XmlIndex,
  element: number,
  accepted: readonly CanonicalizationName[],
): CanonicalizeOptions {
  const name = nameOfUri(canonicalizations, requiredAttribute(index, element, 'Algorithm'));
  if (name === undefined) {
    throw new UnsupportedAlgorithmError(`the ${index.localName(element)} algorithm is not supported`);
  }
  return canonicalizationOf(name, accepted, readPrefixes(index, element, name));
}

/** The options of a canonicalization that the policy accepts. @throws AlgorithmNotAcceptedError when it does not */
export function canonicalizationOf(
  name: CanonicalizationName,
  accepted: readonly CanonicalizationName[],
  inclusivePrefixes?: readonly string[],
): CanonicalizeOptions {
  if (!accepted.includes(name)) throw new AlgorithmNotAcceptedError(`the policy does not accept ${name}`);
  const { mode, comments } = canonicalizations[name];
  return { mode, comments, inclusivePrefixes };
}

function readPrefixes(index: XmlIndex, element: number, name: CanonicalizationName): readonly string[] | undefined {
  const child = index.firstChild(element);
  if (child === -1) return undefined;
  const known = canonicalizations[name].mode === 'exclusive' && index.is(child, EXC_C14N, 'InclusiveNamespaces');
  if (!known || index.nextSibling(child) !== -1) {
    throw new InvalidStructureError(`unknown parameter in ${index.localName(element)}`);
  }
  const list = index.attribute(child, '', 'PrefixList') ?? '';
  const prefixes = list.split(/[ \t\r\n]+/).filter((prefix) => prefix !== '');
  if (prefixes.length > MAX_PREFIXES) throw new LimitError(`a PrefixList names more than ${MAX_PREFIXES} prefixes`);
  return prefixes;
}
