import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CircuitBreaker } from './circuit-breaker.ts';
import { TokenServiceOpenError } from './errors.ts';

function breaker(failures = 3, openFor = 1000) {
  const time = { now: 0 };
  return { time, breaker: new CircuitBreaker({ failures, openFor, now: () => time.now }) };
}

function fail(breaker: CircuitBreaker, times = 1): void {
  for (let i = 0; i < times; i++) breaker.enter()('Failed');
}

test('it opens after so many failures in a row, and not before', () => {
  const { breaker: it } = breaker();
  fail(it, 2);
  assert.ok(!it.isOpen);
  fail(it);
  assert.ok(it.isOpen);
  assert.throws(() => it.enter(), TokenServiceOpenError);
  assert.throws(() => it.check(), TokenServiceOpenError);
});

test('an answer in between begins the count anew', () => {
  const { breaker: it } = breaker();
  fail(it, 2);
  it.enter()('Answered');
  fail(it, 2);
  assert.ok(!it.isOpen);
});

test('what was given up counts neither way', () => {
  const { breaker: it } = breaker();
  fail(it, 2);
  it.enter()('Unknown');
  assert.ok(!it.isOpen);
  fail(it);
  assert.ok(it.isOpen);
});

test('after its time one request may find out, and only one', () => {
  const { breaker: it, time } = breaker();
  fail(it, 3);
  time.now = 999;
  assert.throws(() => it.enter(), TokenServiceOpenError);
  time.now = 1000;
  it.check();
  const report = it.enter();
  assert.throws(() => it.enter(), TokenServiceOpenError);
  assert.throws(() => it.check(), TokenServiceOpenError);
  assert.ok(it.isOpen);
  report('Answered');
  assert.ok(!it.isOpen);
  fail(it, 2);
  assert.ok(!it.isOpen, 'and everything is as at first');
});

test('a trial that fails leaves it open for as long again', () => {
  const { breaker: it, time } = breaker();
  fail(it, 3);
  time.now = 1500;
  fail(it);
  time.now = 2400;
  assert.throws(() => it.enter(), TokenServiceOpenError);
  time.now = 2500;
  it.enter()('Answered');
  assert.ok(!it.isOpen);
});

test('a trial that is given up lets the next one try', () => {
  const { breaker: it, time } = breaker();
  fail(it, 3);
  time.now = 1000;
  it.enter()('Unknown');
  it.enter()('Answered');
  assert.ok(!it.isOpen);
});

test('what was under way before lets nobody else try beside the trial', () => {
  const { breaker: it, time } = breaker();
  const late = it.enter();
  fail(it, 3);
  time.now = 1000;
  it.enter();
  late('Unknown');
  assert.throws(() => it.enter(), TokenServiceOpenError);
});

test('failures of requests that were under way when it opened do not keep it open for longer', () => {
  const { breaker: it, time } = breaker();
  const late = it.enter();
  fail(it, 3);
  time.now = 900;
  late('Failed');
  time.now = 1000;
  it.enter()('Answered');
});

test('a clock that is set back does not keep it open', () => {
  const { breaker: it, time } = breaker();
  time.now = 1_000_000;
  fail(it, 3);
  time.now = 10;
  it.enter()('Answered');
  assert.ok(!it.isOpen);
});
