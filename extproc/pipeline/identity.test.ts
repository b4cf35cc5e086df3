import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SamlIdentity } from '../wss/saml/identity.ts';
import { IdentityHeaderError } from './errors.ts';
import { identityValues } from './identity.ts';

const HEADER = { name: 'X-WSS-Role', value: 'SAMLAttribute', attribute: 'role' } as const;

/** The header of an attribute with these values. */
function headerOf(...values: string[]): string | undefined {
  const saml: SamlIdentity = {
    ...{ subject: 'alice', issuer: 'urn:idp', confirmation: 'Bearer' },
    attributes: new Map([['role', values]]),
  };
  const [{ name, value }] = identityValues([HEADER], { saml });
  assert.equal(name, 'x-wss-role');
  return value;
}

/** The members of a list as its receiver reads them (RFC 9110 §5.6.1.2 and §5.6.4). */
function membersOf(header: string): string[] {
  const members = header.matchAll(/[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^",]+?))[ \t]*(?:,|$)/gy);
  return [...members].map(([, quoted, plain]) => quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '');
}

test('the values of an attribute are a list', () => {
  assert.equal(headerOf('clerk'), 'clerk');
  assert.equal(headerOf('clerk', 'buyer & <more>'), 'clerk,buyer & <more>');
  assert.equal(headerOf('Käse', '日本'), 'Käse,日本');
});

test('what could be taken for something else in a list is quoted, and no value becomes two', () => {
  assert.equal(headerOf('clerk,admin'), '"clerk,admin"');
  assert.equal(headerOf('clerk","admin', 'buyer'), '"clerk\\",\\"admin",buyer');
  assert.equal(headerOf('a\\b', 'a\\,b', 'c\\'), 'a\\b,"a\\\\,b",c\\');
  for (const values of [
    ['clerk,admin'],
    ['"', ',', '\\"', '\\,', 'x'],
    ['"admin"', 'clerk'],
    ['', 'clerk', ''],
    [''],
    [' admin', 'clerk ', ' ', 'a b'],
    ['c\\', 'admin'],
  ]) {
    assert.deepEqual(membersOf(headerOf(...values) ?? ''), values);
  }
});

test('a control character is refused, so that no value becomes another header', () => {
  for (const control of ['\r\nx-admin: 1', '\n', '\t', '\0', '\u001f', '\u007f']) {
    assert.throws(() => headerOf('clerk', `a${control}b`), IdentityHeaderError);
  }
});

test('without values there is no header, and one of the client does not reach the backend', () => {
  assert.equal(headerOf(), undefined);
  assert.deepEqual(identityValues([HEADER], {}), [{ name: 'x-wss-role' }]);
  const saml: SamlIdentity = { subject: 'alice', issuer: 'urn:idp', confirmation: 'Bearer', attributes: new Map() };
  assert.deepEqual(identityValues([HEADER], { saml }), [{ name: 'x-wss-role' }]);
  for (const attribute of ['__proto__', 'constructor', 'Role']) {
    assert.deepEqual(identityValues([{ ...HEADER, attribute }], { saml }), [{ name: 'x-wss-role' }]);
  }
});

test('subject and issuer are what the assertion says, and no list', () => {
  const saml: SamlIdentity = {
    ...{ subject: 'CN=Käse, O="x"', issuer: 'urn:idp', confirmation: 'Bearer', attributes: new Map() },
  };
  const headers = [
    { name: 'x-subject', value: 'SAMLSubject' },
    { name: 'x-issuer', value: 'SAMLIssuer' },
  ] as const;
  assert.deepEqual(identityValues(headers, { saml }), [
    { name: 'x-subject', value: 'CN=Käse, O="x"' },
    { name: 'x-issuer', value: 'urn:idp' },
  ]);
  assert.throws(() => identityValues(headers, { saml: { ...saml, subject: 'a\nb' } }), IdentityHeaderError);
});
