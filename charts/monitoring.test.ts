import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { parser } from '@prometheus-io/lezer-promql';
import type { Registry } from 'prom-client';
import { parse } from 'yaml';
import { DecisionMetrics } from '../extproc/decisions/metrics.ts';
import { createLogger } from '../extproc/observe/log.ts';
import { Metrics } from '../extproc/observe/metrics.ts';
import { openSharedStore } from '../extproc/redis/shared-store.ts';
import { TokenMetrics } from '../extproc/sts/token-metrics.ts';
import { OperatorMetrics } from '../operator/metrics.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}

const chart = new URL('waxseal/', import.meta.url);
const alerts = parse(readFileSync(new URL('alerts.yaml', chart), 'utf8')) as { groups: { rules: Rule[] }[] };
const rules = alerts.groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(readFileSync(new URL('dashboards/waxseal.json', chart), 'utf8')) as { panels: Panel[] };
const expressions = [
  ...rules.map((rule) => ({ of: rule.alert, text: rule.expr })),
  ...dashboard.panels.flatMap((panel) =>
    (panel.targets ?? []).map((target) => ({
      of: panel.title,
      text: target.expr.replaceAll('$__rate_interval', '5m'),
    })),
  ),
];

/** What an expression asks for: each metric with the labels it names. Fails on what is not PromQL. */
function selectors(text: string): { metric: string; labels: string[] }[] {
  const found: { metric: string; labels: string[] }[] = [];
  parser.parse(text).iterate({
    enter(node) {
      assert.ok(!node.type.isError, `not PromQL at ${node.from}: ${text}`);
      if (node.name !== 'VectorSelector') return;
      const name = node.node.getChild('Identifier');
      assert.ok(name, `a selector without a name: ${text}`);
      const labels = [...text.slice(node.from, node.to).matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)];
      found.push({ metric: text.slice(name.from, name.to), labels: labels.map((match) => match[1] ?? '') });
    },
  });
  return found;
}

/** Each name of a series that the two services can export, from what they say themselves. */
async function exported(): Promise<Set<string>> {
  const zero = (): number => 0;
  const extproc = new Metrics({ exchanges: zero, bytes: zero, queued: zero, replayEntries: zero, policies: () => [] });
  const operator = new OperatorMetrics({
    ...{ leading: () => true, replicas: zero, queueDepth: zero },
    ...{ policies: () => [], replicaPolicies: () => ({}) },
  });
  await addTokenMetrics(extproc.registry);
  const types = [...(await extproc.text()).body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].concat([
    ...(await operator.text()).body.matchAll(/^# TYPE (\S+) (\S+)$/gm),
  ]);
  const names = types.flatMap(([, name = '', type]) =>
    type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [name],
  );
  return new Set(['up', ...names]);
}

/** Those of issued tokens, and of a Redis, which need not be there. */
async function addTokenMetrics(registry: Registry): Promise<void> {
  new TokenMetrics(registry);
  new DecisionMetrics(registry, { queued: () => 0, failing: () => false });
  const cacheKeysFolder = mkdtempSync(path.join(tmpdir(), 'waxseal-monitoring-'));
  try {
    writeFileSync(path.join(cacheKeysFolder, '1'), randomBytes(32).toString('base64'));
    const options = {
      url: 'redis://127.0.0.1:1',
      cacheKeysFolder,
      now: Date.now,
      logger: createLogger('silent'),
      registry,
    };
    (await openSharedStore(options)).close();
  } finally {
    rmSync(cacheKeysFolder, { recursive: true });
  }
}

test('every alert and every panel asks in PromQL for metrics that exist', async () => {
  const metrics = await exported();
  assert.ok(expressions.length > 30);
  for (const { of, text } of expressions) {
    const asked = selectors(text);
    assert.ok(asked.length > 0, of);
    for (const { metric } of asked) assert.ok(metrics.has(metric), `${of}: there is no metric ${metric}`);
  }
});

test('what is not PromQL is noticed', () => {
  assert.throws(() => selectors('sum(rate(x[5m])'), /not PromQL/);
});

test('every expression keeps to the release that it belongs to', () => {
  for (const { of, text } of expressions) {
    for (const { metric, labels } of selectors(text)) assert.ok(labels.includes('namespace'), `${of}: ${metric}`);
  }
});

test('every alert has a severity, a name of ours and sentences', () => {
  assert.equal(new Set(rules.map((rule) => rule.alert)).size, rules.length);
  for (const { alert, labels, annotations } of rules) {
    assert.match(alert, /^Waxseal[A-Z]/);
    assert.ok(['warning', 'critical'].includes(labels.severity), alert);
    assert.match(annotations.summary, /\.$/, alert);
    assert.match(annotations.description, /\.$/, alert);
  }
});

test('panels of the dashboard have ids of their own and do not overlap', () => {
  const cells = new Set<string>();
  assert.equal(new Set(dashboard.panels.map((panel) => panel.id)).size, dashboard.panels.length);
  for (const { title, gridPos } of dashboard.panels) {
    assert.ok(gridPos.x + gridPos.w <= 24, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.ok(!cells.has(`${x},${y}`), title);
        cells.add(`${x},${y}`);
      }
    }
  }
});
