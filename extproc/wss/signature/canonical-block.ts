/**
 * Canonical forms of what we write into a Security header ourselves. Where nothing unusual is in scope they are put
 * together as text; otherwise the element is scanned in the namespace context it will have, and canonicalized like any
 * other.
 */

import { canonicalize, type CanonicalizeOptions } from '../../xml/c14n.ts';
import { escapeAttribute } from '../../xml/escape.ts';
import { scan } from '../../xml/scan.ts';
import type { XmlIndex } from '../../xml/xml-index.ts';
import { canonicalStart, elementText, type Binding, type ElementText } from '../element-text.ts';
import { DS, WSSE, WSSE11, WSU, XML } from '../namespaces.ts';
import { OWN_LIMITS } from '../own-limits.ts';
import type { SecurityHeader } from '../security-header.ts';
import type { SoapMessage } from '../soap.ts';

/** Where the element stands: among the blocks of the Security header, or in the Signature there. */
export type Place = 'Security' | 'Signature';

/** The header that an element is canonicalized in. */
export interface HeaderContext {
  readonly message: SoapMessage;
  readonly security: SecurityHeader;
  /** Whether {@link canonicalElement} may work on text. */
  readonly plain: boolean;
}

const OWN: ReadonlyMap<string, string> = new Map([
  ['ds', DS],
  ['wsse', WSSE],
  ['wsse11', WSSE11],
  ['wsu', WSU],
]);
/** What a Signature of ours declares, unless it is in scope. */
export const SIGNATURE_NAMESPACES: readonly Binding[] = [
  ['ds', DS],
  ['wsse', WSSE],
  ['wsu', WSU],
];
/** So that the order of code units is that of code points, and the name needs no checking. */
const PLAIN_PREFIX = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
/** Canonical XML refuses relative names: those are left to the canonicalizer. */
const ABSOLUTE_URI = /^[A-Za-z][A-Za-z0-9+.-]*:/;

/** Looks whether the namespaces around our header have any that would meet our own. */
export function headerContext(message: SoapMessage, security: SecurityHeader): HeaderContext {
  return { message, security, plain: security.existing === -1 && isPlain(security.headerScope) };
}

function isPlain(scope: ReadonlyMap<string, string>): boolean {
  for (const [prefix, uri] of scope) {
    if (prefix === 'ec' || (OWN.has(prefix) && OWN.get(prefix) !== uri)) return false;
    if ((prefix !== '' && !PLAIN_PREFIX.test(prefix)) || !ABSOLUTE_URI.test(uri)) return false;
  }
  return true;
}

/**
 * The canonical form of an element of ours.
 *
 * @param canonicalRest `element.rest`, but with the declarations that elements inside have in the exclusive canonical form
 */
export function canonicalElement(
  { message, security, plain }: HeaderContext,
  element: ElementText,
  place: Place,
  options: CanonicalizeOptions,
  canonicalRest = element.rest,
): string | Buffer {
  if (!plain || options.mode !== 'exclusive') {
    const scope = place === 'Security' ? security.scope : new Map([...security.scope, ...SIGNATURE_NAMESPACES]);
    return canonicalText(message, security, elementText(element, scope), place, options);
  }
  // What the start tag uses, and what it must say for the sake of the PrefixList: all the rest is as it stands.
  const bindings = new Map(element.namespaces);
  for (const listed of options.inclusivePrefixes ?? []) {
    const prefix = listed === '#default' ? '' : listed;
    const uri = security.scope.get(prefix);
    if (uri !== undefined) bindings.set(prefix, uri);
  }
  if (options.augmentDefaultNamespace && !bindings.has('')) bindings.set('', '');
  return canonicalStart(element.name, bindings) + canonicalRest;
}

/** The canonical form of any element, given as it will stand in our Security header. */
export function canonicalText(
  message: SoapMessage,
  security: SecurityHeader,
  text: string,
  place: Place,
  options: CanonicalizeOptions,
): Buffer {
  // Inclusive canonicalization takes xml: attributes over from all elements around.
  const around = options.mode === 'exclusive' ? [] : [message.envelope, message.header, security.existing];
  const open = around.map((element) => (element === -1 ? '' : `<outer${xmlAttributes(message.index, element)}>`));
  const close = open.map((tag) => (tag === '' ? '' : '</outer>')).join('');
  const signature = { name: 'ds:Signature', rest: `>${text}</ds:Signature>`, namespaces: SIGNATURE_NAMESPACES };
  const inPlace = place === 'Signature' ? elementText(signature, security.scope) : text;
  // In an existing header the scope of its content says all that its start tag declares.
  const header =
    security.existing === -1 ? `${security.startTag}${inPlace}</wsse:Security>` : `<outer>${inPlace}</outer>`;
  const namespaces = security.existing === -1 ? security.headerScope : security.scope;
  const index = scan(Buffer.from(open.join('') + header + close), { limits: OWN_LIMITS, namespaces });
  const depth = open.filter((tag) => tag !== '').length + (place === 'Signature' ? 2 : 1);
  return canonicalize(index, depth, options);
}

function xmlAttributes(index: XmlIndex, element: number): string {
  let text = '';
  for (const attribute of index.attributes(element)) {
    if (attribute.namespaceUri === XML) text += ` xml:${attribute.localName}="${escapeAttribute(attribute.value)}"`;
  }
  return text;
}
