import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubernetesObject } from '../policy/kubernetes.ts';
import { difference, marked } from './apply.ts';

const object = (name: string, spec: object = { a: 1, list: [{ b: 2 }] }): KubernetesObject => ({
  apiVersion: 'example.org/v1',
  kind: 'Thing',
  metadata: { name, namespace: 'shop', labels: { mine: 'yes' } },
  spec,
});
const ours = (name: string, spec?: object) => marked(object(name, spec), 'here');
/** As the API server gives it back: with more fields, in another order. */
const stored = (wanted: KubernetesObject): KubernetesObject => ({
  spec: { filledIn: true, ...(wanted.spec as object) },
  ...{ kind: wanted.kind, apiVersion: wanted.apiVersion },
  metadata: { ...wanted.metadata, uid: 'u', resourceVersion: '7' },
});
const names = (objects: readonly KubernetesObject[]) => objects.map(({ metadata }) => metadata.name);

test('what is as it should be is left alone, whatever the API server filled in', () => {
  const wanted = ours('one');
  assert.deepEqual(difference([wanted], [stored(wanted)], 'here'), { apply: [], remove: [], foreign: [] });
});

test('what is missing, was changed by hand, or lacks a field that went, is applied', () => {
  const [missing, edited, shrunk] = [ours('missing'), ours('edited'), ours('shrunk', { a: 1 })];
  const existing = [
    { ...stored(edited), spec: { a: 1, list: [{ b: 3 }] } },
    { ...stored(ours('shrunk')), metadata: { ...stored(ours('shrunk')).metadata } },
  ];
  const { apply, remove } = difference([missing, edited, shrunk], existing, 'here');
  assert.deepEqual(names(apply), ['missing', 'edited', 'shrunk']);
  assert.deepEqual(remove, []);
});

test('what is ours and not wanted any more is removed once; what is not ours stays', () => {
  const gone = stored(ours('gone'));
  const going = { ...gone, metadata: { ...gone.metadata, name: 'going', deletionTimestamp: '2026-01-01T00:00:00Z' } };
  const another = stored(marked(object('another'), 'elsewhere'));
  const { remove } = difference([], [gone, going, another, object('users')], 'here');
  assert.deepEqual(names(remove), ['gone']);
});

test("somebody else's object under our name is never overwritten", () => {
  const { apply, foreign } = difference([ours('taken')], [object('taken', { theirs: true })], 'here');
  assert.deepEqual(apply, []);
  assert.deepEqual(names(foreign), ['taken']);
});
