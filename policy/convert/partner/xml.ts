/** XML that is written: elements with attributes, indented. */

import { escapeAttribute, escapeText } from '../../../extproc/xml/escape.ts';

export interface XmlElement {
  /** With its prefix. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[] | string;
  /** Lines above it. */
  readonly comment?: string;
}

export function element(
  name: string,
  attributes: Readonly<Record<string, string | undefined>> = {},
  children: readonly (XmlElement | undefined)[] | string = [],
): XmlElement {
  const given = Object.entries(attributes).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return {
    name,
    attributes: Object.fromEntries(given),
    children: typeof children === 'string' ? children : children.filter((child) => child !== undefined),
  };
}

/** An assertion with a nested policy. */
export function nested(name: string, children: readonly (XmlElement | undefined)[], attributes = {}): XmlElement {
  return element(name, attributes, [element('wsp:Policy', {}, children)]);
}

export function toXml(root: XmlElement): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${write(root, '')}`;
}

function write({ name, attributes, children, comment }: XmlElement, indent: string): string {
  const pairs = Object.entries(attributes).map(([key, value]) => `${key}="${escapeAttribute(value)}"`);
  const long = pairs.join(' ').length > 100;
  const start = [`${indent}<${name}`, ...pairs].join(long ? `\n${indent}    ` : ' ');
  // Two hyphens would end a comment.
  const above = comment === undefined ? '' : `${indent}<!-- ${comment.replace(/-(?=-|$)/g, '- ')} -->\n`;
  if (typeof children === 'string') return `${above}${start}>${escapeText(children)}</${name}>\n`;
  if (children.length === 0) return `${above}${start}/>\n`;
  const inside = children.map((child) => write(child, `${indent}  `)).join('');
  return `${above}${start}>\n${inside}${indent}</${name}>\n`;
}
