/** Policies as WS-Policy writes them -> their normal form: alternatives, each a list of assertions (WS-Policy 1.5 §4). */

import { ConversionError, type Findings, type Place } from '../finding.ts';
import type { XmlDocument } from './document.ts';
import { displayName, OLD_POLICY_NAMESPACES, POLICY_NAMESPACES } from './namespaces.ts';
import type { PolicyStore } from './policy-store.ts';

/** An assertion, its nested policy reduced to one alternative. */
export interface Assertion {
  readonly namespace: string;
  readonly localName: string;
  /** For messages: `sp:Body`. */
  readonly name: string;
  readonly document: XmlDocument;
  readonly element: number;
  readonly place: Place;
  /** `wsp:Optional` (WS-Policy 1.5 §4.3.1). It is kept as a mark: every optional assertion would double the alternatives. */
  readonly optional: boolean;
  /** `wsp:Ignorable`: whoever does not know it may go on without it. */
  readonly ignorable: boolean;
  /** The assertions of its nested policy; undefined if it has none. */
  readonly nested?: readonly Assertion[];
}

export type Alternative = readonly Assertion[];

/** More than any policy that a person has written; each alternative is converted by itself. */
export const MAX_ALTERNATIVES = 256;
/** Policies that refer to policies could otherwise multiply without end. */
const MAX_STEPS = 300_000;
const MAX_ASSERTIONS = 200_000;
const MAX_REFERENCES = 32;

/** Reads policies; bounded over all that one conversion reads. */
export class PolicyReader {
  readonly #store: PolicyStore;
  readonly #findings: Findings;
  #steps = 0;

  constructor(store: PolicyStore, findings: Findings) {
    this.#store = store;
    this.#findings = findings;
  }

  /** The alternatives of a `wsp:Policy`, `wsp:All`, `wsp:ExactlyOne` or `wsp:PolicyReference`. */
  read(document: XmlDocument, element: number): readonly Alternative[] {
    return this.#read(document, element, []);
  }

  /** The alternatives of what a URI refers to (WS-PolicyAttachment 1.5 §3.3). */
  readReference(document: XmlDocument, uri: string, place: Place): readonly Alternative[] {
    return this.#follow(document, uri, place, []);
  }

  /** @param path references that are being followed */
  #read(document: XmlDocument, element: number, path: readonly string[]): readonly Alternative[] {
    if (++this.#steps > MAX_STEPS) {
      throw new ConversionError(`${document.file}: the policies are too large, counting those that are referred to`);
    }
    const { index } = document;
    const [namespace, localName] = [index.namespaceUri(element), index.localName(element)];
    if (OLD_POLICY_NAMESPACES.has(namespace)) {
      throw new ConversionError(
        `${at(document.place(element))}: ${localName} is of a draft of WS-Policy (${namespace}); convert it to WS-Policy 1.2 or 1.5 first`,
      );
    }
    if (!POLICY_NAMESPACES.has(namespace)) return this.#readAssertion(document, element, path);
    switch (localName) {
      case 'Policy':
      case 'All':
        return product(index.children(element).map((child) => this.#read(document, child, path)));
      case 'ExactlyOne':
        return bounded(index.children(element).flatMap((child) => this.#read(document, child, path)));
      case 'PolicyReference': {
        const uri = (index.attribute(element, '', 'URI') ?? '').trim();
        return this.#follow(document, uri, document.place(element), path);
      }
      default:
        // WS-PolicyAttachment: wsp:UsingPolicy, wsp:AppliesTo and others say nothing about messages.
        return [[]];
    }
  }

  #follow(document: XmlDocument, uri: string, place: Place, path: readonly string[]): readonly Alternative[] {
    const found = this.#store.find(document, uri);
    if (found === undefined) {
      const where = uri.startsWith('#')
        ? 'there is no policy of that Id in the document; add it'
        : 'only documents that are given are read; give the one that holds it with --include';
      this.#findings.error('Unread', `wsp:PolicyReference ${uri}`, place, where);
      return [[]];
    }
    const key = `${found.document.file} ${found.element}`;
    if (path.includes(key) || path.length >= MAX_REFERENCES) {
      throw new ConversionError(`${at(place)}: the policy ${uri} refers to itself`);
    }
    return this.#read(found.document, found.element, [...path, key]);
  }

  #readAssertion(document: XmlDocument, element: number, path: readonly string[]): readonly Alternative[] {
    const { index } = document;
    const namespace = index.namespaceUri(element);
    const localName = index.localName(element);
    const assertion: Assertion = {
      ...{ namespace, localName, name: displayName(namespace, localName), document, element },
      place: document.place(element),
      optional: this.#flag(document, element, 'Optional'),
      ignorable: this.#flag(document, element, 'Ignorable'),
    };
    const nested = index.children(element).find((child) => isPolicy(document, child));
    if (nested === undefined) return [[assertion]];
    return this.#read(document, nested, path).map((alternative) => [{ ...assertion, nested: alternative }]);
  }

  #flag(document: XmlDocument, element: number, name: string): boolean {
    for (const namespace of POLICY_NAMESPACES) {
      const value = document.index.attribute(element, namespace, name)?.trim();
      if (value !== undefined) return value === 'true' || value === '1';
    }
    return false;
  }
}

export function isPolicy({ index }: XmlDocument, element: number): boolean {
  return index.localName(element) === 'Policy' && POLICY_NAMESPACES.has(index.namespaceUri(element));
}

/** The alternatives of several policies that all hold: WS-Policy 1.5 §4.5, merge. */
export function product(policies: readonly (readonly Alternative[])[]): readonly Alternative[] {
  let result: Assertion[][] = [[]];
  for (const alternatives of policies) {
    const [only] = alternatives;
    if (alternatives.length === 1) for (const each of result) for (const assertion of only) each.push(assertion);
    else result = bounded(result.flatMap((each) => alternatives.map((other) => [...each, ...other])));
  }
  return bounded(result);
}

function bounded<T extends Alternative>(alternatives: T[]): T[] {
  if (alternatives.length > MAX_ALTERNATIVES) {
    throw new ConversionError(
      `the policy has more than ${MAX_ALTERNATIVES} alternatives; keep those that you want in a copy of it`,
    );
  }
  if (alternatives.reduce((sum, each) => sum + each.length, 0) > MAX_ASSERTIONS) {
    throw new ConversionError(
      `the policy has more than ${MAX_ASSERTIONS} assertions, counting those of each alternative`,
    );
  }
  return alternatives;
}

function at({ file, line, column }: Place): string {
  return [file, line, column].filter((item) => item !== undefined).join(':');
}
