import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ASSERTION_SETTINGS } from '../../../test/support/assertions.ts';
import type { MessageMeta } from '../conditions.ts';
import { AssertionSubjectError } from '../errors.ts';
import { assertionContent } from './content.ts';
import type { CompiledAssertion, ValueSource } from './settings.ts';
import type { VerifiedCaller } from './verified-caller.ts';

const FORMAT = 'urn:oasis:names:tc:SAML:1.1:nameid-format:';
const META: MessageMeta = {
  ...{ method: 'POST', path: '/', host: 'h' },
  headers: new Map([['x-role', ['a', 'b']]]),
  connection: {
    certificate: { subject: 'CN=alice', uri: 'spiffe://x/alice', sha256: 'ab12' },
    claims: new Map([
      ['sub', ['alice']],
      ['roles', ['c', 'd']],
    ]),
  },
};
const CALLER: VerifiedCaller = {
  names: [
    { kind: 'SAMLSubject', name: 'alice@idp', format: 'urn:idp' },
    { kind: 'Username', name: 'alice' },
    { kind: 'KerberosPrincipal', name: 'alice@EXAMPLE.COM' },
    { kind: 'CertificateSubject', name: 'CN=alice,O=Shop' },
  ],
  attributes: new Map([['mail', ['alice@example', 'a@example']]]),
};

function content(subject: ValueSource, more: Partial<CompiledAssertion> = {}, meta = META, caller?: VerifiedCaller) {
  const base = { settings: ASSERTION_SETTINGS, attributes: [], usernameProved: true };
  return assertionContent({ ...base, needs: { certificate: true, claims: [] }, subject, ...more }, meta, caller);
}

const verified = (name?: Extract<ValueSource, { source: 'VerifiedIdentity' }>['name']): ValueSource => ({
  source: 'VerifiedIdentity',
  ...(name && { name }),
});

const SUBJECTS: readonly [ValueSource, string, format: string, authn: string][] = [
  [verified(), 'alice@idp', 'urn:idp', 'Unspecified'],
  [verified('SAMLSubject'), 'alice@idp', 'urn:idp', 'Unspecified'],
  [verified('Username'), 'alice', `${FORMAT}unspecified`, 'Password'],
  [
    verified('KerberosPrincipal'),
    'alice@EXAMPLE.COM',
    'urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos',
    'Kerberos',
  ],
  [verified('CertificateSubject'), 'CN=alice,O=Shop', `${FORMAT}X509SubjectName`, 'X509'],
  [{ source: 'Certificate', field: 'Subject' }, 'CN=alice', `${FORMAT}X509SubjectName`, 'TLSClient'],
  [{ source: 'Certificate', field: 'URI' }, 'spiffe://x/alice', `${FORMAT}unspecified`, 'TLSClient'],
  [{ source: 'Certificate', field: 'ThumbprintSHA256' }, 'ab12', `${FORMAT}unspecified`, 'TLSClient'],
  [{ source: 'Claim', claim: 'sub' }, 'alice', `${FORMAT}unspecified`, 'Unspecified'],
  [{ source: 'Static', values: ['clerk'] }, 'clerk', `${FORMAT}unspecified`, 'Unspecified'],
];
for (const [source, name, format, authn] of SUBJECTS) {
  test(`the subject from ${JSON.stringify(source)}`, () => {
    assert.deepEqual(content(source, {}, META, CALLER), { subject: { name, format }, authn, attributes: [] });
  });
}

test('the policy may say another format and another context of authentication', () => {
  const subject = { ...verified('Username'), format: 'urn:format' };
  const given = content(subject, { authnContext: 'urn:context' }, META, CALLER);
  assert.deepEqual(given.subject.format, 'urn:format');
  assert.deepEqual(given.authn, { uri: 'urn:context' });
});

test('a user name that needs no password is no proof', () => {
  assert.equal(content(verified('Username'), { usernameProved: false }, META, CALLER).authn, 'Unspecified');
});

test('without a proof there is no name', () => {
  const bare: MessageMeta = { ...META, connection: {} };
  const certificateOnly = { names: CALLER.names.slice(3) };
  for (const [source, meta, caller] of [
    [verified(), META, undefined],
    [verified(), META, { names: [] }],
    [verified('Username'), META, certificateOnly],
    [{ source: 'Certificate', field: 'DNS' }, META, CALLER],
    [{ source: 'Certificate', field: 'Subject' }, bare, CALLER],
    [{ source: 'Claim', claim: 'missing' }, META, CALLER],
    [{ source: 'Claim', claim: 'roles' }, META, CALLER],
    [{ source: 'Claim', claim: 'sub' }, bare, CALLER],
    [{ source: 'Header', header: 'x-role' }, META, CALLER],
  ] as const) {
    assert.throws(() => content(source, {}, meta, caller), AssertionSubjectError, JSON.stringify(source));
  }
});

test('attributes from everywhere, and none where there is no value', () => {
  const sources: readonly ValueSource[] = [
    { source: 'Header', header: 'x-role' },
    { source: 'Claim', claim: 'roles' },
    { source: 'Certificate', field: 'URI' },
    { source: 'Static', values: ['x', 'y'] },
    { source: 'SAMLAttribute', attribute: 'mail' },
    verified(),
    { source: 'Header', header: 'x-missing' },
  ];
  const attributes = sources.map((from, at) => ({ name: `a${at}`, from, required: false }));
  const given = content(verified(), { attributes }, META, CALLER).attributes;
  assert.deepEqual(
    given.map(({ name, values }) => [name, ...values].join(' ')),
    ['a0 a b', 'a1 c d', 'a2 spiffe://x/alice', 'a3 x y', 'a4 alice@example a@example', 'a5 alice@idp'],
  );
});

test('an attribute that must be there refuses the message where it is not', () => {
  const attributes = [{ name: 'role', from: { source: 'Header', header: 'x-missing' }, required: true } as const];
  assert.throws(() => content(verified(), { attributes }, META, CALLER), AssertionSubjectError);
});

test('an attribute has not more values than anybody needs', () => {
  const from = { source: 'Static', values: Array.from({ length: 257 }, String) } as const;
  const attributes = [{ name: 'role', from, required: false }];
  assert.throws(() => content(verified(), { attributes }, META, CALLER), AssertionSubjectError);
});
