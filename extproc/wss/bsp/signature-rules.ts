import type { XmlIndex } from '../../xml/xml-index.ts';
import { DS, EXC_C14N, STR_TRANSFORM, WSSE, WSSE11, WSU, XENC } from '../namespaces.ts';
import { attributeOf, isOneOf, type BspRule } from './rule.ts';

const SWA = 'http://docs.oasis-open.org/wss/oasis-wss-SwAProfile-1.1';
const LAST_TRANSFORMS = [
  ...[EXC_C14N, STR_TRANSFORM],
  ...[`${SWA}#Attachment-Content-Signature-Transform`, `${SWA}#Attachment-Complete-Signature-Transform`],
];
const TRANSFORMS = [...LAST_TRANSFORMS, `${DS}enveloped-signature`, 'http://www.w3.org/2002/06/xmldsig-filter2'];

const REFERENCE = [DS, 'Reference'] as const;
const SIGNATURE = [DS, 'Signature'] as const;

function transforms(index: XmlIndex, reference: number): number[] {
  const list = index.child(reference, DS, 'Transforms');
  return list === -1 ? [] : index.children(list).filter((child) => index.is(child, DS, 'Transform'));
}

function algorithm(index: XmlIndex, element: number | undefined): string {
  return element === undefined ? '' : attributeOf(index, element, 'Algorithm');
}

function hasDescendant(index: XmlIndex, element: number, namespace: string, localName: string): boolean {
  for (let at = element + 1; at < index.subtreeEnd(element); at++) if (index.is(at, namespace, localName)) return true;
  return false;
}

/** An InclusiveNamespaces that is there says something. */
function hasEmptyPrefixList(index: XmlIndex, method: number): boolean {
  const list = index.child(method, EXC_C14N, 'InclusiveNamespaces');
  return list !== -1 && attributeOf(index, list, 'PrefixList').trim() === '';
}

export const SIGNATURE_RULES: readonly BspRule[] = [
  {
    ...{ id: 'R5404', of: [DS, 'CanonicalizationMethod'], text: 'canonicalization is exclusive and without comments' },
    broken: (index, method) => algorithm(index, method) !== EXC_C14N,
  },
  {
    ...{
      id: 'R5406',
      of: [DS, 'CanonicalizationMethod'],
      text: 'an InclusiveNamespaces of canonicalization has prefixes',
    },
    broken: hasEmptyPrefixList,
  },
  {
    ...{ id: 'R5401', of: [DS, 'SignatureMethod'], text: 'no HMACOutputLength shortens a signature' },
    broken: (index, method) => index.child(method, DS, 'HMACOutputLength') !== -1,
  },
  {
    ...{ id: 'R5416', of: REFERENCE, text: 'a Reference has Transforms' },
    broken: (index, reference) => index.child(reference, DS, 'Transforms') === -1,
  },
  {
    ...{ id: 'R5411', of: [DS, 'Transforms'], text: 'Transforms has at least one Transform' },
    broken: (index, list) => index.child(list, DS, 'Transform') === -1,
  },
  {
    ...{ id: 'R5423', of: REFERENCE, text: 'each Transform is one that the profile has' },
    broken: (index, reference) =>
      transforms(index, reference).some((transform) => !isOneOf(algorithm(index, transform), TRANSFORMS)),
  },
  {
    ...{
      id: 'R5412',
      of: REFERENCE,
      text: 'the last Transform is exclusive canonicalization or one that ends with it',
    },
    broken: (index, reference) => {
      const last = transforms(index, reference).at(-1);
      return last !== undefined && !isOneOf(algorithm(index, last), LAST_TRANSFORMS);
    },
  },
  {
    ...{ id: 'R5407', of: [DS, 'Transform'], text: 'an InclusiveNamespaces of a Transform has prefixes' },
    broken: hasEmptyPrefixList,
  },
  {
    ...{ id: 'R3065', of: [DS, 'Transform'], text: 'an STR-Transform names its CanonicalizationMethod' },
    broken: (index, transform) =>
      algorithm(index, transform) === STR_TRANSFORM &&
      !index
        .children(transform)
        .some(
          (child) =>
            index.is(child, WSSE, 'TransformationParameters') &&
            index.child(child, DS, 'CanonicalizationMethod') !== -1,
        ),
  },
  {
    ...{ id: 'R5402', of: SIGNATURE, text: 'the KeyInfo of a Signature has one child' },
    broken: (index, signature) => {
      const keyInfo = index.child(signature, DS, 'KeyInfo');
      return keyInfo !== -1 && index.children(keyInfo).length !== 1;
    },
  },
  {
    ...{ id: 'R5417', of: SIGNATURE, text: 'the KeyInfo of a Signature has a SecurityTokenReference' },
    broken: (index, signature) => {
      const keyInfo = index.child(signature, DS, 'KeyInfo');
      return keyInfo !== -1 && index.child(keyInfo, WSSE, 'SecurityTokenReference') === -1;
    },
  },
  {
    ...{ id: 'R5403', of: SIGNATURE, text: 'a Signature has no Manifest' },
    broken: (index, signature) => hasDescendant(index, signature, DS, 'Manifest'),
  },
  {
    ...{ id: 'R5440', of: SIGNATURE, text: 'nothing in a Signature is encrypted' },
    broken: (index, signature) => hasDescendant(index, signature, XENC, 'EncryptedData'),
  },
  {
    ...{ id: 'R5441', of: [WSSE11, 'SignatureConfirmation'], text: 'a SignatureConfirmation has a wsu:Id' },
    broken: (index, confirmation) => (index.attribute(confirmation, WSU, 'Id') ?? '') === '',
  },
];
