import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlannedAncestor } from '../../policy/attach/types.ts';
import type { AncestorStatus, Condition } from '../../policy/kubernetes.ts';
import type { Problem } from '../../policy/problem.ts';
import { CONTROLLER_NAME, policyStatus, sameStatus, type Delivery, type PolicyFacts } from './policy-status.ts';

const NOON = '2026-03-01T12:00:00Z';
const LATER = '2026-03-01T13:00:00Z';
const GATEWAY: PlannedAncestor = {
  ref: { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'infra', name: 'public' },
  gateway: 'EnvoyGateway',
  accepted: { status: true, reason: 'Accepted', message: 'governs 1 route' },
  programmed: { status: true, reason: 'Programmed', message: 'taken' },
  routes: ['shop/orders'],
};
const ALL: Delivery = { replicas: 2, running: 2, behind: 0, refusals: [] };
const problem = (reason: Problem['reason'], severity: Problem['severity'] = 'error'): Problem => ({
  ...{ severity, reason, policy: 'shop/orders', field: 'spec.request', message: `something ${reason}` },
});

function facts(changes: { problems?: Problem[]; ancestor?: Partial<PlannedAncestor>; delivery?: Partial<Delivery> }) {
  return {
    generation: 3,
    problems: changes.problems ?? [],
    planned: { id: 'shop/orders', ancestors: [{ ...GATEWAY, ...changes.ancestor }] },
    delivery: { ...ALL, ...changes.delivery },
  } satisfies PolicyFacts;
}

function conditions(changes: Parameters<typeof facts>[0]): Record<string, Condition> {
  const [status] = policyStatus(facts(changes), [], NOON);
  return Object.fromEntries((status?.conditions ?? []).map((condition) => [condition.type, condition]));
}

/** Type, status and reason of each condition, and no more. */
function words(changes: Parameters<typeof facts>[0]): string[] {
  return Object.values(conditions(changes)).map(({ type, status, reason }) => `${type} ${status} ${reason}`);
}

test('a policy that every replica runs', () => {
  assert.deepEqual(words({}), [
    'Accepted True Accepted',
    'ResolvedRefs True ResolvedRefs',
    'Programmed True Programmed',
  ]);
  const { Programmed, Accepted } = conditions({});
  assert.equal(Programmed?.message, '2 of 2 data plane replicas run generation 3');
  assert.equal(Programmed.observedGeneration, 3);
  assert.equal(Accepted?.message, 'governs 1 route');
});

test('a policy with a mistake says what it is, and what runs meanwhile', () => {
  const broken = { problems: [problem('Invalid')], delivery: { running: 0, behind: 2 } };
  assert.deepEqual(words(broken), [
    'Accepted False Invalid',
    'ResolvedRefs True ResolvedRefs',
    'Programmed False Invalid',
  ]);
  const { Accepted, Programmed } = conditions(broken);
  assert.equal(Accepted?.message, 'spec.request: something Invalid');
  assert.match(Programmed?.message ?? '', /2 of 2 data plane replicas stay with the last version that works/);
  const never = conditions({ problems: [problem('Invalid')], delivery: { running: 0, behind: 0 } });
  assert.match(never.Programmed?.message ?? '', /its messages are refused/);
});

test('a reference to nothing, and one that is not allowed, are ResolvedRefs and not Accepted', () => {
  assert.deepEqual(words({ problems: [problem('RefNotPermitted')] }), [
    'Accepted True Accepted',
    'ResolvedRefs False RefNotPermitted',
    'Programmed False Invalid',
  ]);
  assert.equal(words({ problems: [problem('InvalidRef')] })[1], 'ResolvedRefs False InvalidRef');
  assert.equal(words({ problems: [problem('NotSupported')] })[0], 'Accepted False NotSupported');
});

test('a target that is missing, or another policy that was first, come from the plan', () => {
  const accepted = { status: false, reason: 'Conflicted', message: 'shop/older has this route' };
  assert.deepEqual(words({ ancestor: { accepted } }), [
    'Accepted False Conflicted',
    'ResolvedRefs True ResolvedRefs',
    'Programmed False Conflicted',
  ]);
});

test('replicas that are absent, behind or refuse are counted and named', () => {
  assert.match(words({ delivery: { replicas: 0, running: 0 } })[2] ?? '', /Programmed False Pending/);
  const refusals = [{ replica: 'waxseal-extproc-b', reason: 'the key cannot be read' }];
  const partly = conditions({ delivery: { running: 1, behind: 1, refusals } }).Programmed;
  assert.equal(partly?.reason, 'PartiallyProgrammed');
  assert.equal(
    partly?.message,
    '1 of 2 data plane replicas run generation 3; waxseal-extproc-b: the key cannot be read',
  );
});

test('a gateway that has not taken the policy yet', () => {
  const programmed = { status: false, reason: 'Pending', message: 'Envoy Gateway has not looked at it yet' };
  const { Programmed } = conditions({ ancestor: { programmed } });
  assert.equal(Programmed?.status, 'False');
  assert.equal(
    Programmed.message,
    'Envoy Gateway has not looked at it yet; 2 of 2 data plane replicas run generation 3',
  );
});

test('warnings are conditions only while there is something to warn of', () => {
  const bufferLimit = { status: false, reason: 'TooLow', message: 'raise it' };
  const warned = {
    problems: [problem('CertificateExpiring', 'warning'), problem('LegacyAlgorithms', 'warning')],
    ancestor: { bufferLimit },
  };
  assert.deepEqual(words(warned).slice(3), [
    'CertificateExpiring True CertificateExpiring',
    'LegacyAlgorithms True LegacyAlgorithms',
    'BufferLimitTooLow True TooLow',
  ]);
  assert.equal(words({ ancestor: { bufferLimit: { ...bufferLimit, status: true } } }).length, 3);
});

test('a condition keeps its transition time while its status is the same, and only in the entry of its Gateway', () => {
  const before = policyStatus(facts({}), [], NOON);
  const again = policyStatus(facts({ problems: [problem('InvalidRef')] }), before, LATER);
  assert.deepEqual(
    again[0]?.conditions?.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]),
    [
      ['Accepted', NOON],
      ['ResolvedRefs', LATER],
      ['Programmed', LATER],
    ],
  );
  const foreign: AncestorStatus[] = before.map((entry) => ({ ...entry, controllerName: 'example.org/other' }));
  assert.equal(policyStatus(facts({}), foreign, LATER)[0]?.conditions?.[0]?.lastTransitionTime, LATER);
  assert.equal(before[0]?.controllerName, CONTROLLER_NAME);
});

test('statuses are compared without their times and whatever the order of keys', () => {
  const status = policyStatus(facts({}), [], NOON);
  const stored = JSON.parse(
    JSON.stringify(policyStatus(facts({}), [], LATER), [
      'conditions',
      'type',
      'status',
      'reason',
      'message',
      'observedGeneration',
      'lastTransitionTime',
      'controllerName',
      'ancestorRef',
      'name',
      'namespace',
      'kind',
      'group',
    ]),
  ) as AncestorStatus[];
  assert.equal(sameStatus(status, stored), true);
  assert.equal(sameStatus(status, policyStatus(facts({ delivery: { running: 1 } }), [], NOON)), false);
});
