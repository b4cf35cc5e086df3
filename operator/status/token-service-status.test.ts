import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Condition } from '../../policy/kubernetes.ts';
import type { Problem } from '../../policy/problem.ts';
import { tokenServiceWish } from './status-wish.ts';
import { tokenServiceStatus } from './token-service-status.ts';

const NOW = '2026-03-01T12:00:00Z';
const LATER = '2026-03-02T12:00:00Z';
const problem = (reason: Problem['reason'], severity: Problem['severity'] = 'error'): Problem => ({
  ...{ severity, reason, field: 'spec.a', message: 'is wrong' },
});
const states = (problems: Problem[], before: Condition[] = [], now = NOW) =>
  tokenServiceStatus({ generation: 3, problems }, before, now).map(
    ({ type, status, reason }) => `${type} ${status} ${reason}`,
  );

test('a token service without problems can be used', () => {
  assert.deepEqual(states([]), ['Accepted True Accepted', 'ResolvedRefs True ResolvedRefs']);
});

test('errors of references and others are told apart, and warnings have conditions of their own', () => {
  assert.deepEqual(states([problem('InvalidRef')]), ['Accepted True Accepted', 'ResolvedRefs False InvalidRef']);
  assert.deepEqual(states([problem('Invalid')]), ['Accepted False Invalid', 'ResolvedRefs True ResolvedRefs']);
  assert.deepEqual(states([problem('CertificateExpiring', 'warning'), problem('Unwise', 'warning')]), [
    ...states([]),
    'CertificateExpiring True CertificateExpiring',
  ]);
});

test('a condition keeps the time since when it is so, and speaks of the generation', () => {
  const before = tokenServiceStatus({ generation: 3, problems: [] }, [], NOW);
  const after = tokenServiceStatus({ generation: 4, problems: [problem('InvalidRef')] }, before, LATER);
  assert.deepEqual(
    after.map(({ lastTransitionTime, observedGeneration }) => [lastTransitionTime, observedGeneration]),
    [
      [NOW, 4],
      [LATER, 4],
    ],
  );
  assert.equal(after[1]?.message, 'spec.a: is wrong');
});

test("the status is changed only where it says something else, and somebody else's conditions stay", () => {
  const object = {
    ...{ apiVersion: 'waxseal.dev/v1alpha1', kind: 'SecurityTokenService', metadata: { name: 'sts' } },
  };
  const foreign: Condition = { type: 'Seen', status: 'True', reason: 'Seen', message: '', lastTransitionTime: NOW };
  const good = tokenServiceWish(object, { generation: 1, problems: [] });
  const written = good.change({ conditions: [foreign] });
  const { conditions } = written?.status as { conditions: Condition[] };
  assert.deepEqual(
    conditions.map(({ type }) => type),
    ['Accepted', 'ResolvedRefs', 'Seen'],
  );
  assert.equal(good.change(written?.status), undefined);
  const bad = tokenServiceWish(object, { generation: 1, problems: [problem('InvalidRef')] });
  assert.deepEqual(bad.change(written?.status)?.occurrences, [
    { type: 'Warning', reason: 'InvalidRef', message: 'spec.a: is wrong' },
  ]);
});
