/** A second opinion on signatures: a DOM, another canonicalizer and `node:crypto`; nothing of `extproc/wss` but names. */

import { createHash, createHmac, verify, type KeyObject, type VerifyKeyObjectInput } from 'node:crypto';
import { DOMParser } from '@xmldom/xmldom';
import { C14nCanonicalization, ExclusiveCanonicalization } from 'xml-crypto';
import { canonicalizations, digests, nameOfUri, signatureAlgorithms } from '../../extproc/wss/algorithms.ts';
import { DS, STR_TRANSFORM, WSU } from '../../extproc/wss/namespaces.ts';

const XMLNS = 'http://www.w3.org/2000/xmlns/';

/**
 * Checks every ds:Signature of a message: each digest and the value.
 *
 * @param key public key or secret
 * @returns names of the elements that are signed, in the order of the references
 * @throws Error saying what does not match
 */
export function checkSignatures(message: Buffer, key: KeyObject): string[] {
  const document = new DOMParser().parseFromString(message.toString(), 'text/xml');
  const signed: string[] = [];
  const signatures = Array.from(document.getElementsByTagNameNS(DS, 'Signature'));
  if (signatures.length === 0) throw new Error('There is no Signature');
  for (const signature of signatures) {
    const signedInfo = only(signature, 'SignedInfo');
    for (const reference of Array.from(signedInfo.getElementsByTagNameNS(DS, 'Reference'))) {
      const element = elementById(document, (reference.getAttribute('URI') ?? '').slice(1));
      const transform = only(only(reference, 'Transforms'), 'Transform');
      const { hash } = digests[nameOfUri(digests, algorithmOf(only(reference, 'DigestMethod')))!];
      const octets =
        algorithmOf(transform) === STR_TRANSFORM ? tokenOctets(document, element) : canonicalize(element, transform);
      const digest = createHash(hash).update(octets).digest('base64');
      if (digest !== only(reference, 'DigestValue').textContent) {
        throw new Error(`The digest of ${element.localName} does not match: ${octets}`);
      }
      signed.push(element.localName);
    }
    const value = Buffer.from(only(signature, 'SignatureValue').textContent, 'base64');
    const data = Buffer.from(canonicalize(signedInfo, only(signedInfo, 'CanonicalizationMethod')));
    if (!isValid(algorithmOf(only(signedInfo, 'SignatureMethod')), key, data, value)) {
      throw new Error('The SignatureValue does not match');
    }
  }
  return signed;
}

function isValid(uri: string, key: KeyObject, data: Buffer, value: Buffer): boolean {
  const { keyType, pss, hash } = signatureAlgorithms[nameOfUri(signatureAlgorithms, uri)!];
  if (keyType === 'secret') return createHmac(hash!, key).update(data).digest().equals(value);
  const input: VerifyKeyObjectInput = { key };
  if (keyType === 'ec') input.dsaEncoding = 'ieee-p1363';
  // The salt's length is given, so that a salt of any other length fails.
  if (pss) Object.assign(input, { padding: 6, saltLength: createHash(hash!).digest().length });
  return verify(hash, data, input, value);
}

/** On a copy: the canonicalizer of xml-crypto writes into what it is given. */
function canonicalize(original: Element, method: Element): string {
  const element = original.cloneNode(true) as Element;
  const uri = algorithmOf(method);
  const inclusive = Array.from(method.childNodes).find((child) => child.nodeName.endsWith('InclusiveNamespaces'));
  const prefixes = (inclusive as Element | undefined)?.getAttribute('PrefixList') ?? '';
  const { mode } = canonicalizations[nameOfUri(canonicalizations, uri)!];
  const ancestorNamespaces = namespacesAround(original);
  if (mode === 'exclusive') {
    const inclusiveNamespacesPrefixList = prefixes === '' ? [] : prefixes.split(' ');
    return new ExclusiveCanonicalization().process(element, { ancestorNamespaces, inclusiveNamespacesPrefixList });
  }
  // Without xml: attributes around, Canonical XML 1.1 is Canonical XML 1.0.
  return new C14nCanonicalization().process(element, { ancestorNamespaces });
}

/**
 * The token behind a SecurityTokenReference, as the STR-Transform makes octets of it: always with a default namespace on
 * it, the one around it or none.
 */
function tokenOctets(document: Document, reference: Element): string {
  const child = Array.from(reference.childNodes).find((node) => node.nodeType === 1) as Element;
  const token = elementById(document, child.getAttribute('URI')?.slice(1) || child.textContent);
  const ancestorNamespaces = namespacesAround(token);
  const text = new ExclusiveCanonicalization().process(token.cloneNode(true) as Element, { ancestorNamespaces });
  if (/ xmlns="/.test(text.slice(0, text.indexOf('>')))) return text;
  const around = ancestorNamespaces.find(({ prefix }) => prefix === '')?.namespaceURI ?? '';
  return text.replace(' ', ` xmlns="${token.getAttributeNode('xmlns')?.value ?? around}" `);
}

function elementById(document: Document, id: string): Element {
  const found = Array.from(document.getElementsByTagName('*')).filter(
    (element) =>
      element.getAttributeNS(WSU, 'Id') === id ||
      element.getAttribute('Id') === id ||
      element.getAttribute('ID') === id,
  );
  if (found.length !== 1) throw new Error(`${found.length} elements have the id ${id}`);
  return found[0];
}

function namespacesAround(element: Element): { prefix: string; namespaceURI: string }[] {
  const bindings = new Map<string, string>();
  for (let node = element.parentNode; node?.nodeType === 1; node = node.parentNode) {
    for (const attribute of Array.from((node as Element).attributes)) {
      const prefix = attribute.name === 'xmlns' ? '' : attribute.localName;
      if (attribute.namespaceURI === XMLNS && !bindings.has(prefix)) bindings.set(prefix, attribute.value);
    }
  }
  return [...bindings].map(([prefix, namespaceURI]) => ({ prefix, namespaceURI }));
}

function only(parent: Element, name: string): Element {
  const found = Array.from(parent.childNodes).filter(
    (child) => child.nodeType === 1 && (child as Element).localName === name && (child as Element).namespaceURI === DS,
  );
  if (found.length !== 1) throw new Error(`${parent.localName} has ${found.length} ${name}`);
  return found[0] as Element;
}

function algorithmOf(element: Element): string {
  return element.getAttribute('Algorithm') ?? '';
}
