import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AncestorStatus, Condition } from '../../policy/kubernetes.ts';
import { transitions } from './transitions.ts';

const condition = (type: string, status: 'True' | 'False', reason: string = type): Condition => ({
  ...{ type, status, reason, message: `${type} is ${status}`, lastTransitionTime: '2026-03-01T12:00:00Z' },
});
const status = (...conditions: Condition[]): AncestorStatus[] => [
  { ancestorRef: { name: 'web', kind: 'Gateway' }, controllerName: 'waxseal.dev/operator', conditions },
];
const reasons = (before: AncestorStatus[], after: AncestorStatus[]) =>
  transitions(before, after).map(({ type, reason }) => `${type} ${reason}`);

test('bad news is told when it begins or changes, and not again', () => {
  const refused = status(condition('ResolvedRefs', 'False', 'InvalidRef'));
  assert.deepEqual(reasons([], refused), ['Warning InvalidRef']);
  assert.deepEqual(reasons(refused, refused), []);
  const expiring = status(condition('CertificateExpiring', 'True'));
  assert.deepEqual(reasons(status(), expiring), ['Warning CertificateExpiring']);
});

test('a policy that begins to work is good news; that it still does, none', () => {
  const programmed = status(condition('Programmed', 'True'));
  assert.deepEqual(reasons(status(condition('Programmed', 'False', 'Pending')), programmed), ['Normal Programmed']);
  assert.deepEqual(reasons(programmed, programmed), []);
});

test('passing states, and what follows from a mistake that has been told, are no news', () => {
  for (const reason of ['Pending', 'PartiallyProgrammed', 'Invalid']) {
    assert.deepEqual(reasons([], status(condition('Programmed', 'False', reason))), []);
  }
});

test('the same news at two Gateways is one Event', () => {
  const [entry] = status(condition('Accepted', 'False', 'Invalid'));
  assert.ok(entry);
  const both = [entry, { ...entry, ancestorRef: { name: 'other', kind: 'Gateway' } }];
  assert.equal(transitions([], both).length, 1);
});
