/** What all of Apinizer's policies have: conditions, errors, where they run. */

import type { PhaseName, PolicyDraft, Section } from './draft.ts';
import type { Fields, JsonValue } from './fields.ts';

const OPERATORS: Readonly<Record<string, string>> = {
  equal: 'Equals',
  equals: 'Equals',
  notequal: 'NotEquals',
  notequals: 'NotEquals',
  in: 'In',
  notin: 'NotIn',
  beginswith: 'StartsWith',
  startswith: 'StartsWith',
  endswith: 'EndsWith',
  contains: 'Contains',
  notcontains: 'NotContains',
  matches: 'Matches',
  regex: 'Matches',
  exists: 'Exists',
  isnotnull: 'Exists',
  notexists: 'NotExists',
  isnull: 'NotExists',
  greater: 'GreaterThan',
  greaterthan: 'GreaterThan',
  less: 'LessThan',
  lessthan: 'LessThan',
};
const SOURCES: Readonly<Record<string, string>> = {
  header: 'Header',
  param: 'Query',
  parameter: 'Query',
  query: 'Query',
  queryparam: 'Query',
  path: 'Path',
  url: 'Path',
  method: 'Method',
  httpmethod: 'Method',
  host: 'Host',
  ip: 'SourceIP',
  ipaddress: 'SourceIP',
  sourceip: 'SourceIP',
  soapaction: 'SOAPAction',
  operation: 'Operation',
};

/** A query builder's tree of one level -> `when`; undefined where it cannot be expressed, which is reported. */
export function whenOf(draft: PolicyDraft, value: JsonValue | undefined): Section | undefined {
  if (value === undefined) return undefined;
  const fields = value.object;
  const rules = fields?.take('rules', 'conditions', 'children')?.items ?? (fields?.has('operator') ? [value] : []);
  const conditions = rules.map((rule) => rule.object && conditionOf(rule.object));
  if (conditions.length === 0 || conditions.some((each) => each === undefined)) {
    draft.findings.error(
      'NotExpressible',
      'policyCondition',
      value.place,
      'is not understood; the policy would hold for every message: write the condition under when',
    );
    return undefined;
  }
  const either = fields?.text('condition', 'combinator', 'logicalOperator')?.toUpperCase() === 'OR';
  return either ? { any: conditions } : { all: conditions };
}

function conditionOf(rule: Fields): Section | undefined {
  const plain = (text: string | undefined): string => text?.toLowerCase().replace(/[^a-z]/g, '') ?? '';
  const field = rule.text('field', 'source', 'type', 'variableType') ?? '';
  // header.X-Partner, or a source and a name beside it.
  const dot = field.search(/[.:]/);
  const source = SOURCES[plain(dot < 0 ? field : field.slice(0, dot))];
  const name =
    rule.text('name', 'headerName', 'paramName', 'variableName') ?? (dot < 0 ? undefined : field.slice(dot + 1));
  const operator = OPERATORS[plain(rule.text('operator'))];
  if (source === undefined || operator === undefined) return undefined;
  const named = source === 'Header' || source === 'Query';
  if (named && name === undefined) return undefined;
  const values = rule.take('value', 'values')?.items.map((item) => item.text ?? '') ?? [];
  const bare = operator === 'Exists' || operator === 'NotExists';
  if (!bare && values.length === 0) return undefined;
  return { source, ...(named && { name }), operator, ...(!bare && { values }) };
}

/** `errorMessageList` -> `faults`. */
export function faultsOf(draft: PolicyDraft, value: JsonValue | undefined): void {
  const [first, ...others] = value?.items ?? [];
  const fields = first?.object;
  if (first === undefined || fields === undefined) return;
  const faults: Section = {};
  const status = Number(fields.text('httpStatusCode', 'statusCode', 'status'));
  if (Number.isInteger(status) && status >= 400 && status <= 599) faults.statusCode = status;
  const code = fields.text('errorCode', 'code');
  if (code !== undefined && /^[A-Za-z0-9._:-]{1,64}$/.test(code)) faults.errorCode = code;
  const message = fields.text('message', 'errorMessage', 'body', 'customMessage');
  if (message !== undefined) faults.message = message.slice(0, 1024);
  draft.spec.faults = { ...faults, ...(draft.spec.faults as Section | undefined) };
  draft.findings.note(
    'Chosen',
    'errorMessageList',
    first.place,
    'refusals are SOAP Faults here and JSON there; write format: JSON under faults if clients rely on it',
  );
  if (others.length > 0) {
    draft.findings.error(
      'NotExpressible',
      'errorMessageList',
      others[0].place,
      'each error has a text of its own there; here all refusals have the same, so that it betrays nothing: the first is used',
    );
  }
}

/** `operationMetadata`: in which phase the policy runs, and for what. */
export function metadataOf(
  draft: PolicyDraft,
  fields: Fields | undefined,
  usual: PhaseName,
): { phase: PhaseName; order: number } {
  if (fields === undefined) return { phase: usual, order: 0 };
  const { findings } = draft;
  const pipeline = fields.text('targetPipeline')?.toUpperCase();
  if (pipeline === 'ERROR') {
    findings.error(
      'NotExpressible',
      'targetPipeline',
      fields.placeOf('targetPipeline'),
      'there is no pipeline of its own for errors; answers and Faults are treated as response',
    );
  }
  if (fields.text('targetScope')?.toUpperCase() === 'ENDPOINT') {
    findings.error(
      'NotExpressible',
      'targetEndpoint',
      fields.placeOf('targetEndpoint'),
      'attach the policy to the route of that endpoint (targetRefs), or write a condition under when',
    );
  }
  const order = Number(fields.text('order') ?? 0);
  fields.ignore('targetEndpoint', 'targetEndpointHTTPMethod', 'deploy');
  if (fields.take('deployTargetEnvironmentNameList')) {
    findings.note(
      'Elsewhere',
      'deployTargetEnvironmentNameList',
      fields.placeOf('deployTargetEnvironmentNameList'),
      'apply the result in those clusters; waxseal export and import carry it from one to another',
    );
  }
  fields.reportRest(findings, 'operationMetadata');
  const phase = pipeline === 'REQUEST' ? 'request' : pipeline === undefined ? usual : 'response';
  return { phase, order: Number.isFinite(order) ? order : 0 };
}
