import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { TokenMetrics } from './token-metrics.ts';

async function linesOf(registry: Registry): Promise<string[]> {
  return (await registry.metrics())
    .split('\n')
    .filter((line) => line.startsWith('waxseal_') && !line.includes('_bucket'));
}

test('what is counted, and under which labels', async () => {
  const registry = new Registry();
  const metrics = new TokenMetrics(registry);
  metrics.request('shop/sts', 'Issue', 'ok', 1500);
  metrics.request('shop/sts', 'Issue', 'circuit_open');
  metrics.lookup('shop/sts', 'memory');
  metrics.lookup('shop/sts', 'memory');
  metrics.refresh('shop/sts', 'failed');
  metrics.invalidation('shop/sts');
  assert.deepEqual(await linesOf(registry), [
    'waxseal_token_requests_total{service="shop/sts",operation="Issue",result="ok"} 1',
    'waxseal_token_requests_total{service="shop/sts",operation="Issue",result="circuit_open"} 1',
    'waxseal_token_request_duration_seconds_sum{service="shop/sts"} 1.5',
    'waxseal_token_request_duration_seconds_count{service="shop/sts"} 1',
    'waxseal_token_cache_lookups_total{service="shop/sts",result="memory"} 2',
    'waxseal_token_refreshes_total{service="shop/sts",result="failed"} 1',
    'waxseal_token_invalidations_total{service="shop/sts"} 1',
  ]);
});

test('of two versions of a service, one that is left alone shows, until it is out of use', async () => {
  const registry = new Registry();
  const metrics = new TokenMetrics(registry);
  const forget = metrics.watchCircuit({ service: 'shop/sts', isOpen: () => true });
  metrics.watchCircuit({ service: 'shop/sts', isOpen: () => false });
  assert.deepEqual(await linesOf(registry), ['waxseal_token_circuit_open{service="shop/sts"} 1']);
  forget();
  assert.deepEqual(await linesOf(registry), ['waxseal_token_circuit_open{service="shop/sts"} 0']);
});
