/** Where a WSDL 1.1 has policies, and for what (WS-PolicyAttachment 1.5 §4). */

import { ConversionError, type Findings, type Place } from '../finding.ts';
import { answerActionOf, type AnswerAction } from './answer-action.ts';
import type { XmlDocument } from './document.ts';
import { POLICY_NAMESPACES, SOAP_BINDINGS, WSAW, WSDL } from './namespaces.ts';
import { isPolicy, product, type Alternative, type PolicyReader } from './policy.ts';

/** The policy of one message, or of all messages of an operation or endpoint. */
export type Alternatives = readonly Alternative[];

export interface Operation {
  readonly name: string;
  /** As SOAP's binding says it. */
  readonly soapAction?: string;
  /** `{namespace}local` of the child of the Body of a request. */
  readonly body?: string;
  /** WS-Addressing's Action of the answer, where the WSDL has an abstract operation. */
  readonly answerAction?: AnswerAction;
  readonly policy: Alternatives;
  readonly input: Alternatives;
  readonly output: Alternatives;
}

export interface Endpoint {
  /** Of a WSDL: local names. */
  readonly service?: string;
  readonly port?: string;
  readonly location?: string;
  readonly policy: Alternatives;
  /** None for a policy that stands by itself. */
  readonly operations: readonly Operation[];
  /** `wsaw:UsingAddressing` as an extension of the binding. */
  readonly usingAddressing?: { readonly required: boolean; readonly place: Place };
}

/** Which port is meant; what is not given need not be, where there is only one. */
export interface Choice {
  readonly service?: string;
  readonly port?: string;
}

/** The endpoint of a policy that stands by itself: it holds for all messages. */
export function bareEndpoint(document: XmlDocument, reader: PolicyReader): Endpoint {
  return { policy: reader.read(document, 0), operations: [] };
}

/**
 * Reads the policies of one port.
 *
 * @param documents the WSDL, and what it imports as far as that was given
 * @throws {ConversionError} if there is no such port for SOAP, or more than one
 */
export function readEndpoint(
  documents: readonly XmlDocument[],
  choice: Choice,
  reader: PolicyReader,
  findings: Findings,
): Endpoint {
  return new WsdlReader(documents, reader, findings).endpoint(choice);
}

/** An element of one of the documents. */
export interface Item {
  readonly document: XmlDocument;
  readonly element: number;
}

interface PortItem extends Item {
  readonly service: Item;
  readonly binding?: Item;
}

class WsdlReader {
  readonly #documents: readonly XmlDocument[];
  readonly #reader: PolicyReader;
  readonly #findings: Findings;
  /** By element name and `{namespace}local`. */
  readonly #definitions = new Map<string, Item>();

  constructor(documents: readonly XmlDocument[], reader: PolicyReader, findings: Findings) {
    this.#documents = documents.filter(({ index }) => index.is(0, WSDL, 'definitions'));
    this.#reader = reader;
    this.#findings = findings;
    for (const document of this.#documents) {
      const { index } = document;
      const target = index.attribute(0, '', 'targetNamespace') ?? '';
      for (const element of index.children(0)) {
        if (index.namespaceUri(element) !== WSDL) continue;
        const key = `${index.localName(element)} {${target}}${index.attribute(element, '', 'name') ?? ''}`;
        if (!this.#definitions.has(key)) this.#definitions.set(key, { document, element });
      }
    }
  }

  endpoint(choice: Choice): Endpoint {
    const { service, document, element, binding } = this.#choose(choice);
    if (binding === undefined) {
      const name = nameOf({ document, element });
      throw new ConversionError(
        `the binding of port ${name} is in none of the documents; give the one that defines it with --include`,
      );
    }
    const portType = this.#definition(binding, 'type', 'portType');
    const location = document.index
      .children(element)
      .map((child) => document.index.attribute(child, '', 'location')?.trim())
      .find((value) => value !== undefined);
    const usingAddressing = usingAddressingOf(binding) ?? usingAddressingOf({ document, element });
    return {
      service: nameOf(service),
      port: nameOf({ document, element }),
      ...(location !== undefined && { location }),
      policy: this.#merged([service, { document, element }, binding, portType]),
      operations: this.#children(binding, 'operation').map((each) => this.#operation(each, portType, binding)),
      ...(usingAddressing && { usingAddressing }),
    };
  }

  #choose(choice: Choice): PortItem {
    const ports = this.#ports();
    const soap = ports.filter(({ binding }) => binding === undefined || isSoap(binding));
    const found = soap.filter(
      (port) =>
        (choice.service ?? nameOf(port.service)) === nameOf(port.service) &&
        (choice.port ?? nameOf(port)) === nameOf(port),
    );
    const list = soap.map((port) => `${nameOf(port.service)}/${nameOf(port)}`).join(', ');
    const [only, ...others] = found;
    if (only === undefined) {
      throw new ConversionError(
        soap.length === 0
          ? 'the WSDL has no port for SOAP; where its services are in another document, give that with --include'
          : `the WSDL has no such port; its ports for SOAP are ${list}`,
      );
    }
    if (others.length > 0) {
      throw new ConversionError(`the WSDL has several ports for SOAP; say which with --service and --port: ${list}`);
    }
    return only;
  }

  #ports(): PortItem[] {
    const services = [...this.#definitions].filter(([key]) => key.startsWith('service ')).map(([, item]) => item);
    return services.flatMap((service) =>
      this.#children(service, 'port').map((port) => {
        const binding = this.#definition(port, 'binding', 'binding');
        return { ...port, service, ...(binding && { binding }) };
      }),
    );
  }

  #operation(operation: Item, portType: Item | undefined, binding: Item): Operation {
    const name = nameOf(operation);
    const abstract = portType && this.#children(portType, 'operation').find((each) => nameOf(each) === name);
    const soap = extensionOf(operation, 'operation');
    const soapAction =
      soap === undefined ? undefined : operation.document.index.attribute(soap, '', 'soapAction')?.trim();
    const body = this.#bodyOf(operation, abstract, binding);
    const [output] = abstract === undefined ? [] : this.#children(abstract, 'output');
    const answerAction = output && portType && answerActionOf(output, portType, name);
    return {
      name,
      ...(soapAction !== undefined && soapAction !== '' && { soapAction }),
      ...(body !== undefined && { body }),
      ...(answerAction !== undefined && { answerAction }),
      policy: this.#merged([operation, abstract]),
      input: this.#message(operation, abstract, 'input'),
      output: this.#message(operation, abstract, 'output'),
    };
  }

  #message(operation: Item, abstract: Item | undefined, direction: 'input' | 'output'): Alternatives {
    const [concrete] = this.#children(operation, direction);
    const wanted = abstract && this.#children(abstract, direction)[0];
    return this.#merged([concrete, wanted, wanted && this.#definition(wanted, 'message', 'message')]);
  }

  /** What stands in the Body of a request (WSDL 1.1 §3.5). */
  #bodyOf(operation: Item, abstract: Item | undefined, binding: Item): string | undefined {
    const style = styleOf(operation) ?? styleOf(binding) ?? 'document';
    const [concrete] = this.#children(operation, 'input');
    const body = concrete && extensionOf(concrete, 'body');
    if (style === 'rpc') {
      const namespace = body === undefined ? undefined : concrete.document.index.attribute(body, '', 'namespace');
      return namespace === undefined ? undefined : `{${namespace}}${nameOf(operation)}`;
    }
    const input = abstract && this.#children(abstract, 'input')[0];
    const message = input && this.#definition(input, 'message', 'message');
    if (message === undefined) return undefined;
    const wanted = body === undefined ? undefined : concrete?.document.index.attribute(body, '', 'parts')?.trim();
    const parts = this.#children(message, 'part').filter(
      (part) => !wanted || wanted.split(/\s+/).includes(nameOf(part)),
    );
    const [part] = parts;
    return part && qualifiedName(part, 'element');
  }

  /** The effective policy of what several elements are attached to: all hold. */
  #merged(items: readonly (Item | undefined)[]): Alternatives {
    return product(items.flatMap((item) => (item ? this.#attached(item) : [])));
  }

  /** `wsp:Policy`, `wsp:PolicyReference` and `wsp:PolicyURIs` of one element. */
  #attached({ document, element }: Item): Alternatives[] {
    const { index } = document;
    const found = index
      .children(element)
      .filter((child) => isPolicy(document, child) || isReference(document, child))
      .map((child) => this.#reader.read(document, child));
    for (const namespace of POLICY_NAMESPACES) {
      const uris = index.attribute(element, namespace, 'PolicyURIs')?.trim().split(/\s+/) ?? [];
      const place = document.place(element);
      found.push(...uris.map((uri) => this.#reader.readReference(document, uri, place)));
    }
    return found;
  }

  #children({ document, element }: Item, localName: string): Item[] {
    const { index } = document;
    return index
      .children(element)
      .filter((child) => index.is(child, WSDL, localName))
      .map((child) => ({ document, element: child }));
  }

  /** What an attribute names. */
  #definition(item: Item, attribute: string, kind: string): Item | undefined {
    const name = qualifiedName(item, attribute);
    const found = name === undefined ? undefined : this.#definitions.get(`${kind} ${name}`);
    if (name !== undefined && found === undefined) {
      this.#findings.error(
        'Unread',
        `wsdl:${kind} ${name}`,
        item.document.place(item.element),
        'only documents that are given are read, and its policies may be elsewhere; give the one that defines it with --include',
      );
    }
    return found;
  }
}

function nameOf({ document, element }: Item): string {
  return document.index.attribute(element, '', 'name') ?? '';
}

/** `{namespace}local` of an attribute that is a qualified name. */
function qualifiedName({ document, element }: Item, attribute: string): string | undefined {
  const value = document.index.attribute(element, '', attribute)?.trim();
  if (value === undefined) return undefined;
  const colon = value.indexOf(':');
  const namespace = document.index.namespaceOf(element, colon < 0 ? '' : value.slice(0, colon)) ?? '';
  return `{${namespace}}${value.slice(colon + 1)}`;
}

/** The element of SOAP's binding extension, or undefined. */
function extensionOf({ document: { index }, element }: Item, localName: string): number | undefined {
  return index
    .children(element)
    .find((child) => index.localName(child) === localName && SOAP_BINDINGS.has(index.namespaceUri(child)));
}

function styleOf(item: Item): string | undefined {
  const extension = extensionOf(item, 'operation') ?? extensionOf(item, 'binding');
  return extension === undefined ? undefined : item.document.index.attribute(extension, '', 'style');
}

function isSoap(binding: Item): boolean {
  return extensionOf(binding, 'binding') !== undefined;
}

function isReference({ index }: XmlDocument, element: number): boolean {
  return index.localName(element) === 'PolicyReference' && POLICY_NAMESPACES.has(index.namespaceUri(element));
}

function usingAddressingOf({ document, element }: Item): Endpoint['usingAddressing'] {
  const { index } = document;
  const found = index.children(element).find((child) => index.is(child, WSAW, 'UsingAddressing'));
  if (found === undefined) return undefined;
  const required = index.attribute(found, WSDL, 'required')?.trim();
  return { required: required === 'true' || required === '1', place: document.place(found) };
}
