/** One alternative of an effective policy -> a spec. */

import { Findings, type Finding, type Place } from '../finding.ts';
import { selfCheck, resource, type Comment, type Draft, type NeededObject } from '../manifests.ts';
import type { Assertion } from '../ws-policy/policy.ts';
import type { Endpoint } from '../ws-policy/wsdl.ts';
import { demandedAddressing, writtenAddressing } from './addressing.ts';
import { phaseOf, type Context } from './context.ts';
import type { WsdlOptions } from './convert.ts';
import { messageOf } from './message.ts';
import { readRequirements, type Scopes } from './requirements.ts';
import type { Direction } from './side.ts';
import { secureOf, type Section } from './to-secure.ts';
import { verifyOf } from './to-verify.ts';
import { reportTransport } from './transport.ts';

export interface Converted {
  readonly spec: Section;
  readonly comments: readonly Comment[];
  readonly findings: readonly Finding[];
  readonly needed: readonly NeededObject[];
  readonly others: readonly Draft[];
  /** Where the policy begins. */
  readonly place: Place;
}

export function convertAlternative(endpoint: Endpoint, scopes: Scopes, options: WsdlOptions): Converted {
  const findings = new Findings();
  const all = [...scopes.both, ...scopes.input, ...scopes.output];
  for (const assertion of all) if (assertion.optional) reportOptional(assertion, findings);
  const context: Context = {
    ...{ side: options.side, naming: options.naming, endpoint, findings },
    requirements: withExtension(readRequirements(scopes, findings, options.signatureHash), endpoint),
    ...{ comments: [], needed: [], others: [] },
  };
  reportTransport(context);
  const request = phase(context, 'input');
  const response = phase(context, 'output');
  const spec: Section = { ...(request && { request }), ...(response && { response }) };
  const place = all[0]?.place ?? {};
  if (!request && !response) {
    findings.note(
      'Chosen',
      'wsp:Policy',
      place,
      'demands nothing that is in messages; the policy lets them pass as they are',
    );
  }
  const drafts = [{ object: resource('WSSecurityPolicy', options.naming, spec), comments: [] }, ...context.others];
  selfCheck(drafts, findings);
  const { comments, needed, others } = context;
  return { spec, comments, findings: findings.all, needed, others, place };
}

function phase(context: Context, direction: Direction): Section | undefined {
  const message = messageOf(context.requirements, direction, context.findings);
  const writes = (context.side === 'client') === (direction === 'input');
  let section: Section;
  if (writes) {
    const [addressing, secure] = [writtenAddressing(context, direction), secureOf(context, message)];
    section = { ...(addressing && { addressing }), ...(secure && { secure }) };
  } else {
    const [addressing, verified] = [demandedAddressing(context), verifyOf(context, message)];
    section = addressing || verified ? { verify: { ...verified, ...(addressing && { addressing }) } } : {};
  }
  reportRequired(context, direction);
  return Object.keys(section).length === 0 ? undefined : section;
}

/** Header blocks that must be there although nothing protects them. */
function reportRequired({ requirements, findings }: Context, direction: Direction): void {
  const { required, signed, encrypted } = requirements[direction];
  for (const { header, assertion } of required) {
    const same = [...signed, ...encrypted].some(
      (part) => part.header?.namespace === header.namespace && part.header.name === header.name,
    );
    if (same || requirements.addressing) continue;
    findings.error(
      'NotExpressible',
      assertion.name,
      assertion.place,
      `that a ${phaseOf(direction)} has the header block {${header.namespace}}${header.name ?? '*'} is neither brought about nor checked`,
    );
  }
}

function reportOptional({ name, place }: Assertion, findings: Findings): void {
  findings.note(
    'Stricter',
    name,
    place,
    'is optional in the policy, and done or demanded always; remove it from the result if it should not be',
  );
}

/** `wsaw:UsingAddressing` of the binding says the same as the assertion. */
function withExtension<T extends { addressing?: unknown }>(requirements: T, { usingAddressing }: Endpoint): T {
  if (requirements.addressing !== undefined || !usingAddressing?.required) return requirements;
  return {
    ...requirements,
    addressing: { version: '1.0', name: 'wsaw:UsingAddressing', place: usingAddressing.place },
  };
}
