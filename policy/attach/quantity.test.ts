import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quantity } from './quantity.ts';

test('quantities of Kubernetes as numbers', () => {
  const expected: Record<string, number> = {
    '32768': 32_768,
    '32Ki': 32_768,
    '10Mi': 10_485_760,
    '1.5Gi': 1_610_612_736,
    '20k': 20_000,
    '3M': 3_000_000,
    '1e6': 1_000_000,
    '2E': 2e18,
    '12E2': 1200,
    '.5Ki': 512,
    '5.': 5,
    '1500m': 1.5,
    '-1': -1,
  };
  for (const [text, value] of Object.entries(expected)) assert.equal(quantity(text), value, text);
  assert.equal(quantity(10), 10);
});

test('what is no quantity', () => {
  for (const text of ['', 'Ki', '1 Ki', '1KiB', '1ki', '1K', '0x10', '1e', '--1', '1.2.3', '1\n', '١']) {
    assert.equal(quantity(text), undefined, JSON.stringify(text));
  }
});
