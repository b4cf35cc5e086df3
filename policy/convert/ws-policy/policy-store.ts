/** The policies of the documents that were given, by what may refer to them (WS-Policy 1.5 §4.1, §4.3.4). */

import path from 'node:path';
import { WSU, XML } from '../../../extproc/wss/namespaces.ts';
import type { XmlDocument } from './document.ts';
import { isPolicy } from './policy.ts';

export interface FoundPolicy {
  readonly document: XmlDocument;
  readonly element: number;
}

export class PolicyStore {
  readonly #documents: readonly XmlDocument[];
  /** By file and `#` and Id, and by Name. */
  readonly #policies = new Map<string, FoundPolicy>();

  constructor(documents: readonly XmlDocument[]) {
    this.#documents = documents;
    for (const document of documents) {
      const { index } = document;
      for (let element = 0; element < index.elementCount; element++) {
        if (!isPolicy(document, element)) continue;
        const ids = [index.attribute(element, WSU, 'Id'), index.attribute(element, XML, 'id')];
        for (const id of ids)
          if (id !== undefined) this.#add(`${fileOf(document.file)}#${id.trim()}`, { document, element });
        const name = index.attribute(element, '', 'Name');
        if (name !== undefined) this.#add(name.trim(), { document, element });
      }
    }
  }

  /**
   * Nothing is fetched: what is not among the documents is not found.
   *
   * @param document the one that refers to it
   */
  find(document: XmlDocument, uri: string): FoundPolicy | undefined {
    const named = this.#policies.get(uri);
    if (named !== undefined) return named;
    const hash = uri.indexOf('#');
    const [place, id] = hash < 0 ? [uri, ''] : [uri.slice(0, hash), uri.slice(hash + 1)];
    const file = place === '' ? fileOf(document.file) : path.resolve(path.dirname(document.file), place);
    const found = this.#policies.get(`${file}#${id}`);
    if (found !== undefined || id !== '') return found;
    const whole = this.#documents.find((each) => fileOf(each.file) === file && isPolicy(each, 0));
    return whole && { document: whole, element: 0 };
  }

  /** The first of two with the same name holds, as everywhere where identifiers ought to be unique. */
  #add(key: string, policy: FoundPolicy): void {
    if (!this.#policies.has(key)) this.#policies.set(key, policy);
  }
}

function fileOf(file: string): string {
  return path.resolve(file);
}
