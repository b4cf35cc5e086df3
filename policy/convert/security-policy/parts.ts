/** Which parts of a message are protected (WS-SecurityPolicy 1.3 §4). */

import type { Part } from '../../../crds/types.ts';
import { DS, SOAP11, SOAP12, WSSE, WSU } from '../../../extproc/wss/namespaces.ts';
import type { Findings } from '../finding.ts';
import { SECURITY_POLICY } from '../ws-policy/namespaces.ts';
import type { Assertion } from '../ws-policy/policy.ts';

/** A part as a policy of ours writes it: fields that have their defaults are absent. */
export type PartDraft = Omit<Part, 'optional'> & { readonly optional?: boolean };

export interface Protection {
  readonly signed: readonly PartDraft[];
  readonly encrypted: readonly PartDraft[];
  /** Header blocks that must be there. */
  readonly required: readonly { readonly header: NonNullable<Part['header']>; readonly assertion: Assertion }[];
}

export const PART_ASSERTIONS: ReadonlySet<string> = new Set([
  ...['SignedParts', 'EncryptedParts', 'RequiredParts'],
  ...['SignedElements', 'EncryptedElements', 'ContentEncryptedElements', 'RequiredElements'],
]);

/** All that the assertions about parts say, together. */
export function readProtection(assertions: readonly Assertion[], findings: Findings): Protection {
  const signed: PartDraft[] = [];
  const encrypted: PartDraft[] = [];
  const requiredElements: { part: PartDraft; assertion: Assertion }[] = [];
  const required: { header: NonNullable<Part['header']>; assertion: Assertion }[] = [];
  for (const assertion of assertions) {
    if (!SECURITY_POLICY.has(assertion.namespace)) continue;
    switch (assertion.localName) {
      case 'SignedParts':
        signed.push(...partsOf(assertion, 'signed', findings));
        break;
      case 'EncryptedParts':
        encrypted.push(...partsOf(assertion, 'encrypted', findings));
        break;
      case 'RequiredParts':
        for (const { header } of partsOf(assertion, 'required', findings)) {
          if (header !== undefined) required.push({ header, assertion });
        }
        break;
      case 'SignedElements':
        signed.push(...elementsOf(assertion, undefined, findings));
        break;
      case 'EncryptedElements':
        encrypted.push(...elementsOf(assertion, 'Element', findings));
        break;
      case 'ContentEncryptedElements':
        encrypted.push(...elementsOf(assertion, 'Content', findings));
        break;
      case 'RequiredElements':
        requiredElements.push(...elementsOf(assertion, undefined, findings).map((part) => ({ part, assertion })));
        break;
    }
  }
  const isRequired = ({ header, element }: PartDraft): boolean =>
    (header !== undefined && required.some((each) => sameHeader(each.header, header))) ||
    (element !== undefined && requiredElements.some(({ part }) => sameElement(part.element, element)));
  for (const { part, assertion } of requiredElements) {
    if ([...signed, ...encrypted].some(({ element }) => element !== undefined && sameElement(element, part.element)))
      continue;
    const message =
      'that elements are there is not checked unless they must be signed or encrypted; let the backend check it';
    findings.error('NotExpressible', assertion.name, assertion.place, message);
  }
  // What must be there and signed may not be missing.
  const demanded = (part: PartDraft): PartDraft => {
    if (!isRequired(part)) return part;
    const { header, element, mode } = part;
    return { ...(header && { header }), ...(element && { element }), ...(mode && { mode }) };
  };
  return { signed: unique(signed.map(demanded)), encrypted: unique(encrypted.map(demanded)), required };
}

function sameElement(a: Part['element'], b: Part['element']): boolean {
  return a?.namespace === b?.namespace && a?.name === b?.name;
}

function sameHeader(a: NonNullable<Part['header']>, b: NonNullable<Part['header']>): boolean {
  return a.namespace === b.namespace && a.name === b.name;
}

/** Parts without those that stand in the list already; a part that is optional once and demanded once is demanded. */
export function unique(parts: readonly PartDraft[]): PartDraft[] {
  const byKey = new Map<string, PartDraft>();
  for (const part of parts) {
    const { optional, mode, ...rest } = part;
    const key = JSON.stringify(rest);
    const known = byKey.get(key);
    if (known === undefined || (known.optional && !optional))
      byKey.set(key, { ...known, ...rest, ...(mode && { mode }), ...(optional && { optional }) });
    else if (mode === 'Element' && known.mode === 'Content') byKey.set(key, { ...known, mode });
  }
  return [...byKey.values()];
}

type Purpose = 'signed' | 'encrypted' | 'required';

function partsOf(assertion: Assertion, purpose: Purpose, findings: Findings): PartDraft[] {
  const { document, element, name, place } = assertion;
  const { index } = document;
  const children = index.children(element).filter((child) => SECURITY_POLICY.has(index.namespaceUri(child)));
  if (children.length === 0 && purpose === 'signed') {
    findings.error(
      'NotExpressible',
      name,
      place,
      'an empty one means the Body and every header block, and header blocks are signed by namespace and name here; list those that there are under parts',
    );
    return [{ part: 'Body' }];
  }
  return children.flatMap((child): PartDraft[] => {
    const localName = index.localName(child);
    const at = document.place(child);
    const bodyMode = purpose === 'encrypted' ? ({ mode: 'Content' } as const) : {};
    switch (localName) {
      case 'Body':
        return [{ part: 'Body', ...bodyMode }];
      case 'Header': {
        const namespace = index.attribute(child, '', 'Namespace') ?? '';
        const local = index.attribute(child, '', 'Name');
        if (namespace !== '') {
          const optional = purpose === 'required' ? {} : { optional: true };
          return [{ header: { namespace, ...(local !== undefined && { name: local }) }, ...optional }];
        }
        findings.error(
          'NotExpressible',
          'sp:Header',
          at,
          'header blocks in no namespace cannot be named; SOAP forbids them too',
        );
        return [];
      }
      case 'Attachments': {
        const whole = index
          .children(child)
          .some((each) => index.localName(each) === 'AttachmentCompleteSignatureTransform');
        return [{ part: 'Attachments', ...(whole && { mode: 'Complete' }) }];
      }
      default:
        findings.error(
          'NotExpressible',
          `sp:${localName}`,
          at,
          `cannot be ${purpose} as part of ${name}; protect it at the backend`,
        );
        return [];
    }
  });
}

/** XPath expressions that say the same as a part: a place below Envelope, without predicates. */
function elementsOf(assertion: Assertion, mode: 'Element' | 'Content' | undefined, findings: Findings): PartDraft[] {
  const { document, element, name } = assertion;
  const { index } = document;
  return index.children(element).flatMap((child): PartDraft[] => {
    const at = document.place(child);
    const text = index.hasOnlyText(child) ? index.text(child).trim() : '';
    const steps = stepsOf(text, (prefix) => index.namespaceOf(child, prefix));
    const part = steps && partOf(steps);
    if (part === undefined) {
      findings.error(
        'NotExpressible',
        name,
        at,
        `this XPath is no part here: ${text}; parts are the Body, header blocks, and elements below the Body by name: write /soap:Envelope/soap:Body//p:Name`,
      );
      return [];
    }
    if (steps && isAnywhere(steps)) {
      findings.note(
        'Chosen',
        name,
        at,
        `${text} is taken for elements below the Body; those inside header blocks are not protected`,
      );
    } else if (steps?.[2]?.name === 'Body' && steps.length > 3 && !(steps.length === 4 && steps[3]?.deep)) {
      findings.note(
        'Stricter',
        name,
        at,
        `${text} selects elements in one place, and the part all of that name below the Body`,
      );
    }
    return [
      { ...part, ...(mode && part.part === undefined && { mode }), ...(part.part === 'Body' && mode && { mode }) },
    ];
  });
}

/** `//p:Name` */
function isAnywhere({ length, 1: only }: readonly Step[]): boolean {
  return length === 2 && only.deep;
}

interface Step {
  readonly namespace: string;
  readonly name: string;
  /** After `//`. */
  readonly deep: boolean;
}

const STEP = /(\/\/?)(?:child::)?(?:([\p{L}_][\p{L}\p{N}._-]{0,127}):)?([\p{L}_][\p{L}\p{N}._-]{0,127})/uy;
const MAX_XPATH = 2048;

/** Steps by name from the root, preceded by an empty one for it; undefined for any other expression. */
function stepsOf(text: string, namespaceOf: (prefix: string) => string | undefined): Step[] | undefined {
  if (text.length > MAX_XPATH) return undefined;
  const steps: Step[] = [{ namespace: '', name: '', deep: false }];
  let at = 0;
  while (at < text.length) {
    STEP.lastIndex = at;
    const match = STEP.exec(text);
    if (match === null) return undefined;
    const [whole, slash, prefix, name = ''] = match;
    const namespace = prefix === undefined ? '' : namespaceOf(prefix);
    if (namespace === undefined) return undefined;
    steps.push({ namespace, name, deep: slash === '//' });
    at += whole.length;
  }
  return steps;
}

function partOf(steps: readonly Step[]): PartDraft | undefined {
  const [, envelope, holder, ...below] = steps;
  if (isAnywhere(steps)) {
    return { element: { namespace: envelope.namespace, name: envelope.name }, optional: true };
  }
  if (envelope === undefined || holder === undefined || envelope.deep || holder.deep) return undefined;
  const soap = envelope.namespace;
  if (envelope.name !== 'Envelope' || (soap !== SOAP11 && soap !== SOAP12) || holder.namespace !== soap)
    return undefined;
  const target = below.at(-1);
  if (holder.name === 'Body') {
    if (target === undefined) return { part: 'Body' };
    return { element: { namespace: target.namespace, name: target.name }, optional: true };
  }
  if (holder.name !== 'Header' || target === undefined || below.some(({ deep }) => deep)) return undefined;
  const [block, inside, ...more] = below;
  if (inside === undefined) return { header: { namespace: target.namespace, name: target.name }, optional: true };
  if (more.length > 0 || block?.namespace !== WSSE || block.name !== 'Security') return undefined;
  switch (`${inside.namespace} ${inside.name}`) {
    case `${WSU} Timestamp`:
      return { part: 'Timestamp' };
    case `${WSSE} UsernameToken`:
      return { part: 'UsernameToken' };
    case `${DS} Signature`:
      return { part: 'Signature' };
    default:
      return undefined;
  }
}
