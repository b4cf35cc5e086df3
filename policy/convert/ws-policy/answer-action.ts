/** WS-Addressing's Action of an answer (WS-Addressing 1.0 Metadata §4.4). */

import type { Addressing } from '../../../crds/types.ts';
import { WSAM, WSAW } from './namespaces.ts';
import type { Item } from './wsdl.ts';

/** By version: where the WSDL says none, the patterns differ. */
export type AnswerAction = Readonly<Record<Addressing['version'], string>>;

/**
 * What the WSDL says, or else the default action (§4.4.4; of the version of 2004 §3.3.2).
 *
 * @param output of the abstract operation
 * @param operation its name
 */
export function answerActionOf(output: Item, portType: Item, operation: string): AnswerAction {
  const { index } = output.document;
  const given = index.attribute(output.element, WSAM, 'Action') ?? index.attribute(output.element, WSAW, 'Action');
  if (given !== undefined) return { '1.0': given.trim(), '2004/08': given.trim() };
  const target = portType.document.index.attribute(0, '', 'targetNamespace') ?? '';
  const port = portType.document.index.attribute(portType.element, '', 'name') ?? '';
  // WSDL 1.1 §2.4.5.
  const name = index.attribute(output.element, '', 'name') ?? `${operation}Response`;
  const joined = (delimiter: string): string =>
    [target.endsWith(delimiter) ? target.slice(0, -1) : target, port, name].join(delimiter);
  return { '1.0': joined(/^urn:/i.test(target) ? ':' : '/'), '2004/08': joined('/') };
}
