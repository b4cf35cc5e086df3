/** Assertions about parts (WS-SecurityPolicy 1.3 §4). */

import type { Part } from '../../../crds/types.ts';
import type { Wire } from './wire.ts';
import { element, type XmlElement } from './xml.ts';

/** Parts of one message. */
export function parts({ signature, encryption }: Wire): XmlElement[] {
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
