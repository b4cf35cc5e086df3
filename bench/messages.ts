/**
 * The messages that are measured: SOAP 1.1 orders with nested elements, namespaces, attributes, an element about every 40
 * bytes, and here and there a thing that canonicalization must change. The same bytes for every engine.
 */

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Message {
  /** The size as users write it, or the name of the file. */
  readonly size: string;
  readonly bytes: Buffer;
}

const SIZES: Readonly<Record<string, number>> = {
  '1k': 1024,
  '10k': 10_240,
  '100k': 102_400,
  '1m': 1_048_576,
  '10m': 10_485_760,
};
export const sizeNames = Object.keys(SIZES);

const HEAD =
  '<?xml version="1.0" encoding="UTF-8"?>\n' +
  '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ord="urn:example:orders:v2" ' +
  'xmlns:prd="urn:example:products"><soapenv:Header/><soapenv:Body><ord:Order id="O-4711" version="2.0">' +
  '<ord:Customer><ord:Name>Grüner &amp; Söhne</ord:Name><ord:Country>DE</ord:Country></ord:Customer>';
const TAIL = '</ord:Order></soapenv:Body></soapenv:Envelope>';

/** @param size one of {@link sizeNames} */
export function makeMessage(size: string): Message {
  const wanted = SIZES[size];
  if (wanted === undefined) throw new Error(`unknown size ${size}; use ${sizeNames.join(', ')}`);
  const parts = [HEAD];
  let length = Buffer.byteLength(HEAD) + TAIL.length;
  for (let number = 0; length < wanted; number++) {
    const line = orderLine(number);
    parts.push(line);
    length += Buffer.byteLength(line);
  }
  return { size, bytes: Buffer.from(parts.join('') + TAIL) };
}

function orderLine(number: number): string {
  return (
    `<ord:Line no="${number}"><prd:Product sku="P-${number}" category="bolts"><prd:Name xml:lang="en">Hex bolt M${number % 20}</prd:Name>` +
    `<prd:Unit>pcs</prd:Unit><prd:Hazardous/></prd:Product><ord:Quantity>${(number % 9) + 1}</ord:Quantity>` +
    `<ord:Price currency="EUR"><ord:Net>${number % 100}.50</ord:Net><ord:Tax>${number % 20}.10</ord:Tax></ord:Price></ord:Line>\n`
  );
}

/** The XML files of a directory, in the order of their names. */
export function readMessages(directory: string): Message[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.xml'));
  if (names.length === 0) throw new Error(`no .xml file in ${directory}`);
  return names.sort().map((name) => ({ size: name, bytes: readFileSync(join(directory, name)) }));
}
