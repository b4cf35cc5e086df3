/** The few things the sample backend needs of a DOM, over `@xmldom/xmldom`. */

import { DOMParser, XMLSerializer } from '@xmldom/xmldom';

export interface XmlNode {
  readonly nodeType: number;
  readonly childNodes: ArrayLike<XmlNode>;
}

export interface XmlElement extends XmlNode {
  readonly localName: string;
  readonly namespaceURI: string | null;
  readonly textContent: string;
  readonly parentNode: XmlElement | null;
  getAttribute(name: string): string;
  getAttributeNS(namespace: string, name: string): string;
  getElementsByTagNameNS(namespace: string, name: string): ArrayLike<XmlElement>;
}

/** The document element; anything that is not well-formed is an error. */
export function parse(xml: string): XmlElement {
  const fail = (text: string): never => {
    throw new Error(`not well-formed: ${text}`);
  };
  const errorHandler = { warning: fail, error: fail, fatalError: fail };
  const document = new DOMParser({ errorHandler }).parseFromString(xml, 'text/xml') as { documentElement: XmlElement };
  return document.documentElement;
}

export function serialize(element: XmlElement): string {
  return new XMLSerializer().serializeToString(element as never);
}

export function elementsIn(parent: XmlNode): XmlElement[] {
  return Array.from(parent.childNodes).filter((node): node is XmlElement => node.nodeType === 1);
}

/** Child elements of that name. */
export function children(parent: XmlElement, namespace: string, name: string): XmlElement[] {
  return elementsIn(parent).filter((element) => element.namespaceURI === namespace && element.localName === name);
}

/** The only child element of that name; none or several are an error. */
export function only(parent: XmlElement, namespace: string, name: string): XmlElement {
  const found = children(parent, namespace, name);
  if (!found[0] || found.length > 1) throw new Error(`expected one ${name}, found ${found.length}`);
  return found[0];
}

/** Elements of that name anywhere below. */
export function descendants(parent: XmlElement, namespace: string, name: string): XmlElement[] {
  return Array.from(parent.getElementsByTagNameNS(namespace, name));
}
