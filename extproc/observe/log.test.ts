import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, logVerdict } from './log.ts';

function capture(level: 'debug' | 'info') {
  const lines: string[] = [];
  return { lines, logger: createLogger(level, { write: (line) => lines.push(line) }) };
}

const verdict = {
  policy: 'shop/orders',
  phase: 'request',
  correlationId: 'id',
  bytesIn: 1,
  bytesOut: 1,
  durations: {},
  total: 1,
  legacyAlgorithms: [],
} as const;

test('what looks like a secret is redacted, wherever it stands', () => {
  const { lines, logger } = capture('info');
  logger.info({ password: 'sesame', user: { token: 'sesame', headers: { a: 'sesame' } }, body: 'sesame' }, 'x');
  assert.doesNotMatch(lines.join(''), /sesame/);
  assert.match(lines.join(''), /\[redacted\]/);
});

test('levels: refusals warn, mistakes of ours are errors, the rest is for debugging', () => {
  const { lines, logger } = capture('info');
  logVerdict(logger, { ...verdict, outcome: 'forwarded' });
  assert.equal(lines.length, 0);
  logVerdict(logger, {
    ...verdict,
    outcome: 'refused',
    failure: { kind: 'Refused', code: 'A', reason: 'line\nbreak' },
  });
  logVerdict(logger, { ...verdict, outcome: 'would_refuse', failure: { kind: 'Refused', code: 'A', reason: '' } });
  logVerdict(logger, { ...verdict, outcome: 'refused', failure: { kind: 'Internal', code: 'B', reason: 'stack' } });
  assert.deepEqual(
    lines.map((line) => {
      const { level, msg } = JSON.parse(line) as { level: string; msg: string };
      return `${level} ${msg}`;
    }),
    ['warn message refused', 'warn message would be refused', 'error message refused'],
  );
  assert.ok(lines.every((line) => line.trimEnd().split('\n').length === 1));
});
