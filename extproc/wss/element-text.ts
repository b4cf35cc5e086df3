import { escapeAttribute } from '../xml/escape.ts';

/** A namespace by the prefix that we write it with; both empty: no default namespace. */
export type Binding = readonly [prefix: string, namespaceUri: string];

/**
 * An element of ours as text, all but the namespace declarations of its start tag: these differ between the message,
 * where some are in scope already, and the canonical form, where others are added. Everything else is written as it is
 * canonical: no empty-element tags, attributes in order, characters escaped, no white space between elements.
 */
export interface ElementText {
  /** Qualified name. */
  readonly name: string;
  /** What follows the declarations: attributes, content, end tag. */
  readonly rest: string;
  /** Namespaces of the start tag itself, and all that the content uses and does not declare. */
  readonly namespaces: readonly Binding[];
}

/** The element as it stands where the bindings of `scope` hold: with the declarations that it still needs. */
export function elementText({ name, rest, namespaces }: ElementText, scope: ReadonlyMap<string, string>): string {
  let declarations = '';
  for (const [prefix, uri] of namespaces) {
    if ((scope.get(prefix) ?? '') !== uri) declarations += ` ${prefix === '' ? 'xmlns' : `xmlns:${prefix}`}="${uri}"`;
  }
  return `<${name}${declarations}${rest}`;
}

/**
 * The start of the element's canonical form, up to its attributes, with declarations of exactly these namespaces.
 *
 * @param bindings namespaces by prefix; the empty prefix is the default namespace, the empty name its absence
 */
export function canonicalStart(name: string, bindings: ReadonlyMap<string, string>): string {
  let text = `<${name}`;
  for (const prefix of [...bindings.keys()].sort()) {
    text += ` ${prefix === '' ? 'xmlns' : `xmlns:${prefix}`}="${escapeAttribute(bindings.get(prefix) ?? '')}"`;
  }
  return text;
}
