/** A WSDL with WS-SecurityPolicy -> policies of ours. */

import { commentsOf, resource, selfCheck, toYaml, type Draft, type Naming, type NeededObject } from '../manifests.ts';
import { ConversionError, Findings, type Finding } from '../finding.ts';
import { XmlDocument } from '../ws-policy/document.ts';
import { displayName, WSDL } from '../ws-policy/namespaces.ts';
import { isPolicy, PolicyReader, product } from '../ws-policy/policy.ts';
import { PolicyStore } from '../ws-policy/policy-store.ts';
import { bareEndpoint, readEndpoint, type Choice, type Endpoint, type Operation } from '../ws-policy/wsdl.ts';
import { convertAlternative, type Converted } from './alternative.ts';
import type { Side } from './side.ts';
import type { Hash } from './suites.ts';

export interface InputFile {
  readonly file: string;
  readonly bytes: Buffer;
}

export interface WsdlOptions extends Choice {
  readonly side: Side;
  readonly naming: Naming;
  /** Only this operation. */
  readonly operation?: string;
  /** What the document imports or refers to. Nothing else is read, and nothing fetched. */
  readonly include: readonly InputFile[];
  /** That of signatures, in place of what the algorithm suites say. */
  readonly signatureHash?: Hash;
}

export interface Conversion {
  readonly yaml: string;
  readonly findings: readonly Finding[];
}

/**
 * Converts what a WSDL 1.1, or a `wsp:Policy` alone, demands. Operations that demand the same share a policy.
 *
 * @throws {ConversionError} if the document cannot be read, or does not say which port is meant
 */
export function convertSecurityPolicy(main: InputFile, options: WsdlOptions): Conversion {
  const documents = [main, ...options.include].map(({ file, bytes }) => new XmlDocument(file, bytes));
  const findings = new Findings();
  const endpoint = endpointOf(documents, options, findings);
  const groups = groupsOf(endpoint, options);
  const drafts: Draft[] = [];
  const needed: NeededObject[] = [];
  for (const { operations, suffix } of groups) {
    const naming = { ...options.naming, name: `${options.naming.name}${suffix}` };
    const others = groups.length > 1 || operations.length < endpoint.operations.length;
    const found = best(endpoint, operations, { ...options, naming }, findings);
    const { spec, comments } = others ? onlyOf(found, operations, findings) : found;
    findings.add(found.findings);
    needed.push(...found.needed);
    drafts.push({
      object: resource('WSSecurityPolicy', naming, spec),
      comments: [...comments, ...commentsOf(found.findings)],
    });
    drafts.push(...found.others);
  }
  selfCheck(drafts, findings);
  return { yaml: toYaml(drafts, headOf(endpoint, main.file, options, needed)), findings: findings.all };
}

function endpointOf(documents: readonly XmlDocument[], options: WsdlOptions, findings: Findings): Endpoint {
  const [main] = documents;
  const reader = new PolicyReader(new PolicyStore(documents), findings);
  if (isPolicy(main, 0)) return bareEndpoint(main, reader);
  if (main.index.is(0, WSDL, 'definitions')) return readEndpoint(documents, options, reader, findings);
  const name = displayName(main.index.namespaceUri(0), main.index.localName(0));
  throw new ConversionError(`${main.file}: this is ${name}, and neither a WSDL 1.1 nor a wsp:Policy`);
}

interface Group {
  readonly operations: readonly Operation[];
  /** For the name of its policy. */
  readonly suffix: string;
}

/** Operations whose messages have the same policies. */
function groupsOf({ operations }: Endpoint, { operation }: WsdlOptions): Group[] {
  const chosen = operation === undefined ? operations : operations.filter(({ name }) => name === operation);
  if (operation !== undefined && chosen.length === 0) {
    const names = operations.map(({ name }) => name).join(', ');
    throw new ConversionError(
      `there is no operation ${operation}; ${names === '' ? 'the document has none' : `there are ${names}`}`,
    );
  }
  if (chosen.length === 0) return [{ operations: [], suffix: '' }];
  const groups = new Map<string, Operation[]>();
  for (const each of chosen) {
    const key = JSON.stringify([each.policy, each.input, each.output], (field, value: unknown) =>
      field === 'document' ? undefined : value,
    );
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  const all = [...groups.values()];
  return all.map((same) => ({ operations: same, suffix: all.length === 1 ? '' : `-${dnsLabel(same[0].name)}` }));
}

/** A part of a name that Kubernetes accepts. */
export function dnsLabel(name: string): string {
  const label = name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
  return (
    label
      .replace(/^-+|-+$/g, '')
      .slice(0, 40)
      .replace(/-+$/, '') || 'policy'
  );
}

/** Of all alternatives the one of which most can be expressed, and then the one with the fewest weaknesses. */
function best(
  endpoint: Endpoint,
  operations: readonly Operation[],
  options: WsdlOptions,
  findings: Findings,
): Converted {
  const [operation] = operations;
  const both = product([endpoint.policy, ...(operation ? [operation.policy] : [])]);
  const alternatives = both.flatMap((shared) =>
    (operation?.input ?? [[]]).flatMap((input) =>
      (operation?.output ?? [[]]).map((output) => ({ both: shared, input, output })),
    ),
  );
  if (alternatives.length === 0) {
    throw new ConversionError(
      'the policy has no alternative, so that no message can satisfy it (an empty wsp:ExactlyOne)',
    );
  }
  const converted = alternatives
    .slice(0, MAX_CONVERTED)
    .map((scopes) => convertAlternative({ ...endpoint, operations }, scopes, options));
  const cost = ({ findings: found }: Converted): number =>
    found.reduce((sum, { severity, code }) => sum + (severity === 'error' ? 1000 : code === 'Weak' ? 1 : 0), 0);
  const [first, ...others] = [...converted].sort((a, b) => cost(a) - cost(b));
  if (others.length > 0) {
    const message = `the policy has ${alternatives.length} alternatives; this is the one of which most can be expressed with the fewest weaknesses`;
    findings.note('Chosen', 'wsp:ExactlyOne', first.place, message);
  }
  return first;
}

const MAX_CONVERTED = 256;

/** Restricts a policy to some operations. Others are refused: they have policies of their own. */
function onlyOf(
  converted: Converted,
  operations: readonly Operation[],
  findings: Findings,
): Pick<Converted, 'spec' | 'comments'> {
  const bodies = operations.flatMap(({ body }) => body ?? []);
  const actions = operations.flatMap(({ soapAction }) => soapAction ?? []);
  const names = operations.map(({ name }) => name).join(', ');
  const condition =
    bodies.length === operations.length
      ? { source: 'Operation', operator: 'In', values: bodies.slice(0, 64) }
      : { source: 'SOAPAction', operator: 'In', values: actions.slice(0, 64) };
  if (condition.values.length !== operations.length) {
    findings.error(
      'NotExpressible',
      'wsdl:operation',
      converted.place,
      `the WSDL does not say how messages of ${names} can be told from others; write it under when`,
    );
  }
  findings.note(
    'Elsewhere',
    'wsdl:operation',
    converted.place,
    `the policy for ${names} is not that of the other operations; attach each policy to a route of its own, for a target has one`,
  );
  const { spec } = converted;
  const when = condition.values.length === 0 ? {} : { when: { all: [condition] } };
  return { ...converted, spec: { ...when, unmatched: 'Refuse', ...spec } };
}

function headOf(endpoint: Endpoint, file: string, { side }: WsdlOptions, needed: readonly NeededObject[]): string[] {
  const port = endpoint.port === undefined ? '' : `, port ${endpoint.service}/${endpoint.port}`;
  const role = side === 'client' ? 'the gateway calls the service' : 'the gateway protects the service';
  const objects = needed.filter(
    ({ kind, name }, index) => needed.findIndex((each) => each.kind === kind && each.name === name) === index,
  );
  return [
    `Converted from WS-SecurityPolicy: ${file.slice(file.lastIndexOf('/') + 1)}${port}; ${role}.`,
    ...(objects.length > 0 ? ['Make these objects first:'] : []),
    ...objects.map(({ kind, name, what }) => `  ${kind} ${name}, ${what}.`),
  ];
}
