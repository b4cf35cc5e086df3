/** Finding the address of a service in its WSDL 1.1. */

import type { SoapVersion } from '../wss/soap.ts';
import { XmlError } from '../xml/errors.ts';
import { DEFAULT_LIMITS, type XmlLimits } from '../xml/limits.ts';
import { scan } from '../xml/scan.ts';
import type { XmlIndex } from '../xml/xml-index.ts';

/** The WSDL is none, or does not have the one port that is looked for. The text says what it has. */
export class WsdlError extends Error {
  readonly code = 'ERR_WSDL';

  override get name(): string {
    return 'WsdlError';
  }
}

export interface Port {
  readonly url: string;
  readonly soapVersion: SoapVersion;
}

interface NamedPort extends Port {
  readonly service: string;
  readonly name: string;
}

const WSDL = 'http://schemas.xmlsoap.org/wsdl/';
/** Namespaces of the extensions for SOAP (WSDL 1.1 §3, WSDL 1.1 Binding Extension for SOAP 1.2). */
const EXTENSIONS: ReadonlyMap<string, SoapVersion> = new Map([
  ['http://schemas.xmlsoap.org/wsdl/soap/', '1.1'],
  ['http://schemas.xmlsoap.org/wsdl/soap12/', '1.2'],
]);
/** As much as an object of Kubernetes can hold. */
const LIMITS: XmlLimits = { ...DEFAULT_LIMITS, maxBytes: 2 * 1024 * 1024 };
const MAX_LISTED = 10;
const MAX_NAME_LENGTH = 64;

/**
 * Finds the port for SOAP that has these names. Documents that the WSDL imports are not fetched: services and bindings must
 * stand in it.
 *
 * @param serviceName local name; absent: any service
 * @param portName local name; absent: any port
 * @returns its address as it stands there, and its version of SOAP
 * @throws {WsdlError} when it is no WSDL 1.1, or none or several of its ports are for SOAP and have these names
 */
export function portOfWsdl(wsdl: Uint8Array, serviceName?: string, portName?: string): Port {
  const ports = readPorts(scanWsdl(Buffer.from(wsdl.buffer, wsdl.byteOffset, wsdl.length)));
  const [found, ...others] = ports.filter(
    ({ service, name }) => (serviceName ?? service) === service && (portName ?? name) === name,
  );
  if (found === undefined) {
    const wanted = serviceName === undefined && portName === undefined ? 'port for SOAP' : 'such port for SOAP';
    throw new WsdlError(`the WSDL has no ${wanted}; ${describe(ports)}`);
  }
  if (others.length > 0) {
    throw new WsdlError(
      `the WSDL has several ports that may be meant; give serviceName or portName: ${describe(ports)}`,
    );
  }
  return { url: found.url, soapVersion: found.soapVersion };
}

function scanWsdl(bytes: Buffer): XmlIndex {
  let index: XmlIndex;
  try {
    index = scan(bytes, { limits: LIMITS });
  } catch (error) {
    if (error instanceof XmlError) throw new WsdlError(`the WSDL cannot be read: ${error.message}`, { cause: error });
    throw error;
  }
  if (!index.is(0, WSDL, 'definitions')) throw new WsdlError('this is no WSDL 1.1: its root is not wsdl:definitions');
  return index;
}

function readPorts(index: XmlIndex): NamedPort[] {
  const ports: NamedPort[] = [];
  const bindings = readBindings(index);
  for (const service of index.children(0)) {
    if (!index.is(service, WSDL, 'service')) continue;
    for (const port of index.children(service)) {
      const address = index.is(port, WSDL, 'port') ? extensionOf(index, port, 'address') : -1;
      const url = address === -1 ? undefined : index.attribute(address, '', 'location')?.trim();
      const soapVersion = bindings.get(localPart(index, port, 'binding')) ?? versionOf(index, address);
      if (url === undefined || soapVersion === undefined) continue;
      ports.push({ ...{ url, soapVersion }, service: nameOf(index, service), name: nameOf(index, port) });
    }
  }
  return ports;
}

/** The version of SOAP of each binding of this document, by name: addresses are at times written with the other one. */
function readBindings(index: XmlIndex): Map<string, SoapVersion> {
  const bindings = new Map<string, SoapVersion>();
  for (const binding of index.children(0)) {
    if (!index.is(binding, WSDL, 'binding')) continue;
    const version = versionOf(index, extensionOf(index, binding, 'binding'));
    if (version !== undefined) bindings.set(nameOf(index, binding), version);
  }
  return bindings;
}

/** The first child of that name in a namespace for SOAP, or -1. */
function extensionOf(index: XmlIndex, parent: number, localName: string): number {
  let child = index.firstChild(parent);
  while (child !== -1 && (index.localName(child) !== localName || versionOf(index, child) === undefined)) {
    child = index.nextSibling(child);
  }
  return child;
}

function versionOf(index: XmlIndex, element: number): SoapVersion | undefined {
  return element === -1 ? undefined : EXTENSIONS.get(index.namespaceUri(element));
}

function nameOf(index: XmlIndex, element: number): string {
  return index.attribute(element, '', 'name') ?? '';
}

/** Local part of an attribute that is a qualified name. */
function localPart(index: XmlIndex, element: number, attribute: string): string {
  const name = index.attribute(element, '', attribute) ?? '';
  return name.slice(name.indexOf(':') + 1);
}

function describe(ports: readonly NamedPort[]): string {
  if (ports.length === 0) return 'it has no port for SOAP at all';
  const listed = ports
    .slice(0, MAX_LISTED)
    .map(({ service, name, soapVersion }) => `${clip(name)} (SOAP ${soapVersion}) of ${clip(service)}`);
  const more = ports.length > MAX_LISTED ? ` and ${ports.length - MAX_LISTED} more` : '';
  return `it has ${listed.join(', ')}${more}`;
}

function clip(name: string): string {
  return name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH)}…` : name;
}
