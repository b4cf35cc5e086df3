/**
 * Why a digest does not match. What commonly happens to a message between signing and checking is tried out: if undoing
 * it gives the digest that was signed, that is the cause.
 */

import { hash as hashOf } from 'node:crypto';
import { canonicalize, type CanonicalizeOptions } from '../../xml/c14n.ts';
import type { XmlIndex } from '../../xml/xml-index.ts';
import { canonicalizations } from '../algorithms.ts';
import { XENC } from '../namespaces.ts';

/** Beyond this nothing is tried: text edits need the whole canonical form several times in memory. */
const MAX_ELEMENT_BYTES = 4 * 1024 * 1024;

/**
 * @param options as the Reference says
 * @param hash `node:crypto` name
 * @param expected the DigestValue
 * @returns the cause in words, or undefined when none of those we know explains it
 */
export function digestCause(
  index: XmlIndex,
  element: number,
  options: CanonicalizeOptions,
  hash: string,
  expected: Buffer,
): string | undefined {
  if (index.end(element) - index.start(element) > MAX_ELEMENT_BYTES) return undefined;
  const matches = (octets: Buffer): boolean => hashOf(hash, octets, 'buffer').equals(expected);
  for (const [cause, other] of otherCanonicalizations(index, element, options)) {
    if (matches(canonicalize(index, element, other))) return cause;
  }
  const text = canonicalize(index, element, options).toString('utf8');
  for (const [cause, edit] of textEdits) {
    if (matches(Buffer.from(edit(text)))) return cause;
  }
  return holdsEncryptedData(index, element)
    ? 'The element holds EncryptedData. If it was encrypted after it was signed, it must be decrypted first: the EncryptedKey or ReferenceList has to stand before the Signature, and the policy needs a decryption key.'
    : undefined;
}

/** The same element canonicalized as a sender might have done instead of what it says. */
export function otherCanonicalizations(
  index: XmlIndex,
  element: number,
  options: CanonicalizeOptions,
): [string, CanonicalizeOptions][] {
  const others: [string, CanonicalizeOptions][] = [];
  const prefixes = [...index.namespacesInScope(element).keys()].map((prefix) => (prefix === '' ? '#default' : prefix));
  if (options.mode === 'exclusive') {
    const none = { ...options, inclusivePrefixes: undefined };
    if (options.inclusivePrefixes !== undefined && options.inclusivePrefixes.length > 0) {
      others.push(['The sender wrote an InclusiveNamespaces PrefixList but did not apply it.', none]);
    }
    const list = prefixes.join(' ');
    others.push([
      `The sender applied an InclusiveNamespaces PrefixList that the message does not name; with PrefixList="${list}" the value matches.`,
      { ...options, inclusivePrefixes: prefixes },
    ]);
    for (const prefix of prefixes) {
      others.push([
        `The sender applied an InclusiveNamespaces PrefixList that the message does not name; with PrefixList="${prefix}" the value matches.`,
        { ...options, inclusivePrefixes: [prefix] },
      ]);
    }
  }
  for (const [name, { mode, comments }] of Object.entries(canonicalizations)) {
    if (mode === options.mode && comments === options.comments) continue;
    others.push([`The sender canonicalized with ${name} but names another algorithm.`, { mode, comments }]);
  }
  return others;
}

const between = />[ \t\n]+</g;
const endOfLine = /\n/g;

/** Changes to the canonical text, each undoing one thing that happens to messages on their way. */
const textEdits: [string, (text: string) => string][] = [
  [
    'Line ends were changed from CRLF to LF after signing, by a text-mode transfer or a rewriting proxy.',
    (text) => text.replace(endOfLine, '&#xD;\n'),
  ],
  [
    'The sender signed CRLF line ends without normalising them as XML demands.',
    (text) => text.replace(endOfLine, '\r\n'),
  ],
  ['Carriage returns were written as &#13; after signing.', (text) => text.replaceAll('&#xD;', '')],
  ['White space was added at the start or the end of the content after signing.', trimContent],
  [
    'White space was added between elements after signing, as a pretty-printer does.',
    (text) => text.replace(between, '><'),
  ],
  ['An Id was added to the element after signing.', (text) => text.replace(/ (?:\w+:)?I[dD]="[^"]*"/, '')],
  [
    'An Id and its namespace declaration were added to the element after signing.',
    (text) => text.replace(/ xmlns:\w+="[^"]*utility-1\.0\.xsd"/, '').replace(/ (?:\w+:)?I[dD]="[^"]*"/, ''),
  ],
  [
    'The text was decoded as Latin-1 and encoded as UTF-8 after signing.',
    (text) => Buffer.from(text, 'latin1').toString('utf8'),
  ],
];

function trimContent(text: string): string {
  const start = text.indexOf('>') + 1;
  const end = text.lastIndexOf('<');
  return start > end ? text : text.slice(0, start) + text.slice(start, end).trim() + text.slice(end);
}

function holdsEncryptedData(index: XmlIndex, element: number): boolean {
  for (let child = element; child < index.subtreeEnd(element); child++) {
    if (index.is(child, XENC, 'EncryptedData')) return true;
  }
  return false;
}
