/** Policies of Apinizer, as JSON -> one policy of ours, and what it refers to. */

import { ConversionError, Findings, type Finding } from '../finding.ts';
import { commentsOf, resource, selfCheck, toYaml, type Naming } from '../manifests.ts';
import { addressingOf } from './addressing.ts';
import { faultsOf, metadataOf, whenOf } from './conditions.ts';
import { PolicyDraft, type PhaseName } from './draft.ts';
import { parseJson, type Fields } from './fields.ts';
import { encrypt, sign, timestamp, toTarget, usernameToken } from './secure.ts';
import { securityToken } from './token-service.ts';
import { decrypt, fromTarget, validateSaml, validateSignature } from './verify.ts';

type Converter = (draft: PolicyDraft, fields: Fields, phase: PhaseName) => void;

/** By `type` without its `policy-` and `ws-security-`; where a policy does not say in which phase it runs, this is it. */
const TYPES: ReadonlyMap<string, readonly [convert: Converter, usual: PhaseName]> = new Map<
  string,
  readonly [Converter, PhaseName]
>([
  ['username', [(draft, fields, phase) => usernameToken(draft, fields, phase, ''), 'request']],
  ['username-token', [(draft, fields, phase) => usernameToken(draft, fields, phase, ''), 'request']],
  ['timestamp', [(draft, fields, phase) => timestamp(draft, fields, phase, 'timeToLive'), 'request']],
  ['to-target', [toTarget, 'request']],
  ['sign', [sign, 'request']],
  ['encrypt', [encrypt, 'request']],
  ['from-target', [fromTarget, 'response']],
  ['decrypt', [decrypt, 'response']],
  ['sign-validation', [validateSignature, 'response']],
  ['saml-validation', [validateSaml, 'request']],
  ['sts-token', [securityToken, 'request']],
  ['sts', [securityToken, 'request']],
]);
/** They work on variables and not on SOAP messages. */
const RAW = ['digital-sign', 'digital-sign-verification', 'digital-sign-verify', 'encryption', 'decryption'];
const MAX_POLICIES = 64;

/**
 * @param text a policy, a list of them, or an endpoint with `wsaSettings`
 * @throws {ConversionError} if it is no JSON, or holds no policy
 */
export function convertApinizer(
  file: string,
  text: string,
  naming: Naming,
): { yaml: string; findings: readonly Finding[] } {
  const findings = new Findings();
  const draft = new PolicyDraft(naming, findings);
  const root = parseJson(file, text);
  const list = root.object?.take('policyList', 'policies') ?? root;
  const items = list.items.flatMap((item) => item.object ?? []);
  if (items.length === 0) throw new ConversionError(`${file}: there is no policy, an object with a type`);
  if (items.length > MAX_POLICIES) throw new ConversionError(`${file}: more than ${MAX_POLICIES} policies`);
  const read = items.map((fields) => readPolicy(draft, fields));
  const ordered = [...read].sort((a, b) => a.order - b.order);
  for (const { run } of ordered) run();
  if (comesBefore(ordered, 'encrypt', 'sign')) draft.section('request', 'secure').order = 'EncryptThenSign';
  removeEmpty(draft);
  const drafts = [{ object: resource('WSSecurityPolicy', naming, draft.spec), comments: [] }, ...draft.others];
  selfCheck(drafts, findings);
  const head = [
    `Converted from policies of Apinizer: ${file.slice(file.lastIndexOf('/') + 1)}.`,
    ...(draft.needed.length > 0 ? ['Make these objects first (keytool -importkeystore turns JKS into PKCS#12):'] : []),
    ...draft.needed.map((line) => `  ${line}`),
  ];
  const [policy, ...others] = drafts;
  return {
    yaml: toYaml([{ ...policy, comments: commentsOf(findings.all) }, ...others], head),
    findings: findings.all,
  };
}

interface ReadPolicy {
  readonly type: string;
  readonly order: number;
  readonly run: () => void;
}

function readPolicy(draft: PolicyDraft, fields: Fields): ReadPolicy {
  const { findings, spec } = draft;
  const given = fields.text('type') ?? (fields.has('wsaSettings') || fields.has('wsaEnabled') ? 'wsa' : '');
  const type = given
    .toLowerCase()
    .replace(/^policy-/, '')
    .replace(/^ws-security-/, '');
  const [convert, usual] = TYPES.get(type) ?? [undefined, 'request' as const];
  const description = fields.text('description');
  if (description !== undefined) spec.description ??= description.slice(0, 1000);
  if (fields.flag('active') === false) {
    findings.note(
      'Chosen',
      'active',
      fields.placeOf('active'),
      'the policy is not active there; leave its section out of the result, or apply it as it is',
    );
  }
  const when = whenOf(draft, fields.take('policyCondition'));
  if (when !== undefined && spec.when !== undefined && JSON.stringify(when) !== JSON.stringify(spec.when)) {
    findings.error(
      'NotExpressible',
      'policyCondition',
      fields.place,
      'differs from that of another policy; convert the policies one by one, for routes of their own',
    );
  } else if (when !== undefined) spec.when = when;
  faultsOf(draft, fields.take('errorMessageList'));
  const { phase, order } = metadataOf(draft, fields.take('operationMetadata')?.object, usual);
  fields.ignore('name', 'id', 'global');
  const run = (): void => {
    if (type === 'wsa') endpoint(draft, fields);
    else if (convert !== undefined) convert(draft, fields, phase);
    else unknownType(draft, fields, given, type);
    if (convert !== undefined) fields.reportRest(findings, given);
  };
  return { type, order, run };
}

function endpoint(draft: PolicyDraft, fields: Fields): void {
  const settings = fields.take('wsaSettings')?.object ?? fields;
  if (settings.flag('wsaEnabled') === false) return;
  const addressing = addressingOf(draft, settings);
  if (addressing) Object.assign(draft.section('request', 'addressing'), addressing);
  if (settings !== fields) settings.reportRest(draft.findings, 'wsaSettings');
}

function unknownType({ findings }: PolicyDraft, fields: Fields, given: string, type: string): void {
  const message = RAW.includes(type)
    ? 'signs or encrypts variables and not SOAP messages; keep it where it is'
    : `is no policy that is known; those are ${[...TYPES.keys()].join(', ')}`;
  findings.error('UnknownAssertion', given === '' ? 'type' : given, fields.place, message);
}

function comesBefore(policies: readonly ReadPolicy[], first: string, second: string): boolean {
  const [a, b] = [first, second].map((type) => policies.findIndex((policy) => policy.type === type));
  return a >= 0 && a < b;
}

function removeEmpty({ spec }: PolicyDraft): void {
  for (const phase of ['request', 'response']) {
    const sections = (spec[phase] ?? {}) as Record<string, object>;
    for (const [name, section] of Object.entries(sections)) {
      if (Object.keys(section).length === 0) Reflect.deleteProperty(sections, name);
    }
    if (Object.keys(sections).length === 0) Reflect.deleteProperty(spec, phase);
  }
}
