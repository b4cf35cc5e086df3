/** WS-Security STS Token -> a SecurityTokenService. */

import { resource } from '../manifests.ts';
import { addressingOf } from './addressing.ts';
import { whenOf } from './conditions.ts';
import type { PhaseName, PolicyDraft, Section } from './draft.ts';
import { passwordType } from './enums.ts';
import type { Fields, JsonValue } from './fields.ts';

const HTTPS = /^(https:\/\/[^/?#@\s]+|http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?)([/?][^#\s]*)?$/;

export function securityToken(draft: PolicyDraft, fields: Fields, phase: PhaseName): void {
  const { naming, findings } = draft;
  const name = `${naming.name}-sts`;
  const trust = fields.flag('configureIssueToken') ?? true;
  const credentials = credentialsOf(draft, fields.take('stsUserList', 'userList', 'users'));
  const spec: Section = trust
    ? { wsTrust: wsTrustOf(draft, fields) }
    : { external: { url: urlOf(draft, fields, 'apiEndPointURL', 'apiEndpointUrl') } };
  if (credentials.length > 0) spec.credentials = credentials;
  const cache = Number(fields.text('tokenCachePeriod') ?? NaN);
  if (cache === 0) spec.cache = { ttl: '0s' };
  else if (Number.isInteger(cache) && cache > 0) spec.cache = { ttl: `${Math.min(cache, 86_400)}s` };
  const timeout = Number(fields.text('connectionTimeout') ?? NaN);
  if (Number.isInteger(timeout) && timeout > 0) spec.connectionTimeout = `${Math.min(timeout, 300)}s`;
  if (credentials.length > 0 && !credentials.some((each) => each.default)) {
    findings.note(
      'Stricter',
      'onNoCredential',
      fields.place,
      'where no user fits, Apinizer sends the message without a token; here it is refused (onNoCredential)',
    );
  }
  draft.others.push({ object: resource('SecurityTokenService', { ...naming, name }, spec), comments: [] });
  draft.section(phase, 'secure').securityToken = { serviceRef: { name } };
}

function wsTrustOf(draft: PolicyDraft, fields: Fields): Section {
  const { findings } = draft;
  const soap = fields.text('soapVersion')?.replace(/[^12]/g, '');
  const [serviceName, portName] = [
    fields.text('tokenServiceName'),
    fields.text('tokenServicePortName', 'tokenServicePort'),
  ];
  const appliesTo = fields.text('appliesToUrl', 'appliesToURL', 'appliesTo');
  const digest = passwordType(fields.take('passwordType'), 'passwordType', findings) === 'Digest';
  const minutes = Number(fields.text('expirationPeriod') ?? NaN);
  const valid = Number.isInteger(minutes) && minutes > 0 && minutes <= 24 * 60;
  const created = fields.text('createdDateFormat');
  const expires = fields.text('expiresDateFormat');
  const seconds = created !== undefined && !/S/.test(created);
  if (created !== undefined || expires !== undefined) {
    findings.note(
      'Chosen',
      'createdDateFormat',
      fields.placeOf('createdDateFormat'),
      'times are written as XML Schema has them, in UTC; only whether they have milliseconds can be chosen',
    );
  }
  const addressing = addressingOf(draft, fields);
  return {
    url: urlOf(draft, fields, 'iwsTrust13Url', 'iWSTrust13Url', 'wsTrust13Url', 'stsUrl'),
    ...(soap === '11' && { soapVersion: '1.1' }),
    ...(serviceName !== undefined && { serviceName }),
    ...(portName !== undefined && { portName }),
    ...(appliesTo !== undefined && { appliesTo }),
    ...(valid && { lifetime: `${minutes}m` }),
    authentication: {
      usernameToken: { passwordType: digest ? 'Digest' : 'Text' },
      timestamp: { ...(valid && { ttl: `${minutes}m` }), ...(seconds && { createdFormat: 'Seconds' }) },
    },
    ...(addressing && { addressing }),
  };
}

function urlOf({ findings }: PolicyDraft, fields: Fields, ...names: readonly string[]): string {
  const url = fields.text(...names);
  if (url !== undefined && HTTPS.test(url)) return url;
  const name = names.find((each) => fields.has(each)) ?? names[0];
  findings.error(
    'NotExpressible',
    name,
    fields.placeOf(name),
    'is no https address, and tokens are not fetched over a readable connection; write one that is',
  );
  return 'https://token-service.invalid/REPLACE_ME';
}

function credentialsOf(draft: PolicyDraft, list: JsonValue | undefined): (Section & { default?: boolean })[] {
  return (list?.items ?? []).flatMap((item, index): (Section & { default?: boolean })[] => {
    const user = item.object;
    if (user === undefined) return [];
    user.ignore('username', 'password');
    const condition = user.take('condition', 'policyCondition');
    const when = whenOf(draft, condition);
    const environments = user.take('environmentIdList', 'environmentList')?.items.map((each) => each.text ?? '') ?? [];
    const fallback = (user.flag('default', 'isDefault') ?? false) || (!condition && environments.length === 0);
    draft.findings.note(
      'Elsewhere',
      'password',
      user.placeOf('password'),
      'user name and password are not copied; write them into the Secret of the result',
    );
    user.reportRest(draft.findings, 'a user of the token service');
    // A condition that is not understood must not become one that always holds.
    if (condition && when === undefined) return [];
    return [
      {
        name: `user-${index + 1}`,
        ...(fallback ? { default: true } : { ...(when && { when }), ...(environments.length > 0 && { environments }) }),
        secretRef: draft.secret(`sts-user-${index + 1}`, 'kubernetes.io/basic-auth', ['username', 'password']),
      },
    ];
  });
}
