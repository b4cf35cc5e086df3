import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinBases } from './xml-base.ts';

test('joins as RFC 3986 §5.4 resolves, and keeps what leads out of a relative base', () => {
  const base = 'http://a/b/c/d?q';
  const resolved: readonly (readonly [values: string[], joined: string])[] = [
    [[base, 'g'], 'http://a/b/c/g'],
    [[base, './g'], 'http://a/b/c/g'],
    [[base, 'g/'], 'http://a/b/c/g/'],
    [[base, '/g'], 'http://a/g'],
    [[base, '//g'], 'http://g'],
    [[base, '?y'], 'http://a/b/c/d?y'],
    [[base, 'g?y'], 'http://a/b/c/g?y'],
    [[base, ''], 'http://a/b/c/d?q'],
    [[base, '#s'], 'http://a/b/c/d?q'],
    [[base, '.'], 'http://a/b/c/'],
    [[base, '..'], 'http://a/b/'],
    [[base, '../g'], 'http://a/b/g'],
    [[base, '../..'], 'http://a/'],
    [[base, '../../../g'], 'http://a/g'],
    [[base, '/./g'], 'http://a/g'],
    [[base, 'g/./h'], 'http://a/b/c/g/h'],
    [[base, 'g/../h'], 'http://a/b/c/h'],
    [[base, 'urn:x'], 'urn:x'],
    [['http://a', 'g'], 'http://a/g'],
    [['x/y', 'z'], 'x/z'],
    [['x/', 'y/', 'z'], 'x/y/z'],
    [['x', '../y'], '../y'],
    [['../x', '../y'], '../../y'],
    [['..', 'y'], '../y'],
    [['..', '..'], '../../'],
    [['', 'y'], 'y'],
    [['x', '..', 'y'], '../y'],
  ];
  for (const [values, joined] of resolved) assert.equal(joinBases(values), joined, values.join(' + '));
});
