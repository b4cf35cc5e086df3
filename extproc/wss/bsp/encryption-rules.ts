import type { XmlIndex } from '../../xml/xml-index.ts';
import { DS, WSSE, WSSE11, XENC } from '../namespaces.ts';
import { attributeOf, isOneOf, referred, type BspRule } from './rule.ts';

const DATA = [XENC, 'EncryptedData'] as const;
const KEY = [XENC, 'EncryptedKey'] as const;
const DATA_ALGORITHMS = ['tripledes-cbc', 'aes128-cbc', 'aes256-cbc'].map((name) => XENC + name);
const KEY_TRANSPORTS = ['rsa-1_5', 'rsa-oaep-mgf1p'].map((name) => XENC + name);
const KEY_WRAPS = ['kw-tripledes', 'kw-aes128', 'kw-aes256'].map((name) => XENC + name);

function algorithm(index: XmlIndex, element: number): string | undefined {
  const method = index.child(element, XENC, 'EncryptionMethod');
  return method === -1 ? undefined : attributeOf(index, method, 'Algorithm');
}

function withoutAttribute(id: string, name: string): BspRule {
  return {
    ...{ id, of: KEY, text: `an EncryptedKey has no ${name}` },
    broken: (index, key) => attributeOf(index, key, name) !== '',
  };
}

/** The KeyInfo of an EncryptedData or EncryptedKey. */
function keyInfoRules(of: BspRule['of']): BspRule[] {
  return [
    {
      ...{ id: 'R5424', of, text: 'the KeyInfo of something encrypted has one child' },
      broken: (index, element) => {
        const keyInfo = index.child(element, DS, 'KeyInfo');
        return keyInfo !== -1 && index.children(keyInfo).length !== 1;
      },
    },
    {
      ...{ id: 'R5426', of, text: 'the KeyInfo of something encrypted has a SecurityTokenReference' },
      broken: (index, element) => {
        const keyInfo = index.child(element, DS, 'KeyInfo');
        return keyInfo !== -1 && index.child(keyInfo, WSSE, 'SecurityTokenReference') === -1;
      },
    },
  ];
}

export const ENCRYPTION_RULES: readonly BspRule[] = [
  {
    ...{ id: 'R5601', of: DATA, text: 'an EncryptedData names its algorithm' },
    broken: (index, data) => algorithm(index, data) === undefined,
  },
  {
    ...{ id: 'R5620', of: DATA, text: 'data is encrypted with Triple DES, AES-128 or AES-256 in CBC mode' },
    broken: (index, data) => !isOneOf(algorithm(index, data) ?? DATA_ALGORITHMS[0] ?? '', DATA_ALGORITHMS),
  },
  {
    ...{ id: 'R5603', of: KEY, text: 'an EncryptedKey names its algorithm' },
    broken: (index, key) => algorithm(index, key) === undefined,
  },
  {
    ...{ id: 'R5626', of: KEY, text: 'a key is encrypted with RSA 1.5, RSA-OAEP with MGF1 and SHA-1, or a key wrap' },
    broken: (index, key) => !isOneOf(algorithm(index, key) ?? KEY_WRAPS[0] ?? '', [...KEY_TRANSPORTS, ...KEY_WRAPS]),
  },
  withoutAttribute('R3209', 'Type'),
  withoutAttribute('R5622', 'MimeType'),
  withoutAttribute('R5623', 'Encoding'),
  withoutAttribute('R5602', 'Recipient'),
  ...keyInfoRules(DATA),
  ...keyInfoRules(KEY),
  {
    ...{ id: 'R5608', of: [XENC, 'DataReference'], text: 'a DataReference names an EncryptedData or EncryptedHeader' },
    broken: (index, reference) => {
      const uri = attributeOf(index, reference, 'URI');
      const target = referred(index, uri);
      return target !== -1
        ? !index.is(target, ...DATA) && !index.is(target, WSSE11, 'EncryptedHeader')
        : !uri.startsWith('#');
    },
  },
  {
    ...{
      id: 'R3230',
      of: [WSSE11, 'EncryptedHeader'],
      text: 'an EncryptedHeader holds one EncryptedData and nothing else',
    },
    broken: (index, header) => {
      const children = index.children(header);
      return children.length !== 1 || !index.is(children[0] ?? -1, ...DATA);
    },
  },
];
