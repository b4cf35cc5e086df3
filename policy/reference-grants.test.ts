import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReferenceGrant } from './kubernetes.ts';
import { grantedBy, type ObjectReference } from './reference-grants.ts';

const FROM = { group: 'waxseal.dev', kind: 'WSSecurityPolicy', namespace: 'shop' };

function grant(namespace: string, from: object, to: object): ReferenceGrant {
  const apiVersion = 'gateway.networking.k8s.io/v1';
  const spec = { from: [from], to: [to] } as unknown as ReferenceGrant['spec'];
  return { apiVersion, kind: 'ReferenceGrant', metadata: { name: 'grant', namespace }, spec };
}

const secret: ObjectReference = { kind: 'Secret', namespace: 'keys', name: 'gateway' };
const policy = { kind: 'WSSecurityPolicy', namespace: 'shop' };

const cases: [what: string, grant: ReferenceGrant, granted: boolean][] = [
  ['the very object', grant('keys', FROM, { group: '', kind: 'Secret', name: 'gateway' }), true],
  ['every object of the kind', grant('keys', FROM, { group: '', kind: 'Secret' }), true],
  ['another object', grant('keys', FROM, { group: '', kind: 'Secret', name: 'gateway-2' }), false],
  ['another kind', grant('keys', FROM, { group: '', kind: 'ConfigMap' }), false],
  ['another group of the object', grant('keys', FROM, { group: 'v1', kind: 'Secret' }), false],
  ['in the namespace of the policy', grant('shop', FROM, { group: '', kind: 'Secret' }), false],
  ['to another namespace', grant('keys', { ...FROM, namespace: 'warehouse' }, { group: '', kind: 'Secret' }), false],
  ['to another kind', grant('keys', { ...FROM, kind: 'SecurityTokenService' }, { group: '', kind: 'Secret' }), false],
  ['to another group', grant('keys', { ...FROM, group: 'example.org' }, { group: '', kind: 'Secret' }), false],
];
for (const [what, granting, expected] of cases) {
  test(`a grant of ${what} ${expected ? 'allows' : 'does not allow'} the reference`, () => {
    assert.equal(grantedBy([granting])(policy, secret), expected);
  });
}

const service: ObjectReference = { kind: 'SecurityTokenService', namespace: 'keys', name: 'sts' };

test('a grant names the group of what it is for, and the kind of who may refer', () => {
  const toService = grant('keys', FROM, { group: 'waxseal.dev', kind: 'SecurityTokenService' });
  assert.equal(grantedBy([toService])(policy, service), true);
  assert.equal(grantedBy([toService])({ ...policy, kind: 'SecurityTokenService' }, service), false);
  const coreGroup = grant('keys', FROM, { group: '', kind: 'SecurityTokenService' });
  assert.equal(grantedBy([coreGroup])(policy, service), false);
  const fromService = grant('keys', { ...FROM, kind: 'SecurityTokenService' }, { group: '', kind: 'Secret' });
  assert.equal(grantedBy([fromService])({ kind: 'SecurityTokenService', namespace: 'shop' }, secret), true);
});

test('one of several grants is enough; none is not', () => {
  const grants = cases.map(([, each]) => each);
  assert.equal(grantedBy(grants)(policy, secret), true);
  assert.equal(grantedBy([])(policy, secret), false);
});
