/** The chart without a cluster: `helm lint`, what is rendered, and which values are refused. UPDATE_GOLDEN=1 writes it. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { helm } from '../../scripts/local/kubernetes/helm.ts';
import { CHART, NAMESPACE, render, renderObjects, VALUE_SETS } from './support/chart.ts';

interface Container {
  readonly command: readonly string[];
  readonly args: readonly string[];
}

const testdata = join(CHART, 'testdata');
/** Long, and checked elsewhere: monitoring.test.ts. */
const shorten = (manifests: string): string =>
  manifests.replaceAll(/^( +)waxseal\.json: \|\n(?:\1 .*\n|\n)+/gm, '$1waxseal.json: …\n');

describe('the chart renders', () => {
  for (const [name, values] of Object.entries(VALUE_SETS)) {
    test(`as it did: ${name}`, async () => {
      const file = join(testdata, `${name}.yaml`);
      // The CRDs are those of crds/, which a test of their own compares.
      const rendered = shorten(await render({ ...values, crds: { enabled: false } }));
      if (process.env['UPDATE_GOLDEN'] === '1') {
        mkdirSync(testdata, { recursive: true });
        writeFileSync(file, rendered);
      }
      assert.equal(rendered, readFileSync(file, 'utf8'));
    });
    test(`without a word from helm lint: ${name}`, async () => {
      const found = await helm(['lint', '--strict', CHART, '-f', '-'], { input: JSON.stringify(values) });
      assert.match(found, /1 chart\(s\) linted, 0 chart\(s\) failed/);
    });
  }

  test('no snapshot that no test makes', () => {
    assert.deepEqual(
      readdirSync(testdata).sort(),
      Object.keys(VALUE_SETS)
        .map((name) => `${name}.yaml`)
        .sort(),
    );
  });

  test('each CRD once, kept by default', async () => {
    for (const keep of [true, false]) {
      const objects = await renderObjects({ crds: { keep } });
      const crds = objects.filter((object) => object.kind === 'CustomResourceDefinition');
      assert.ok(crds.some((crd) => crd.metadata.name === 'wssecuritypolicies.waxseal.dev'));
      for (const { metadata } of crds) {
        assert.equal(metadata.annotations?.['helm.sh/resource-policy'], keep ? 'keep' : undefined);
        assert.equal(metadata.labels?.['app.kubernetes.io/instance'], 'waxseal');
      }
    }
  });

  test('names that stay within 63 characters, whatever the release is called', async () => {
    const release = 'a-release-with-a-name-as-long-as-helm-takes-them-000';
    const manifests = await helm(['template', release, CHART, '--kube-version', '1.34.1', '--namespace', NAMESPACE]);
    for (const [, name = ''] of manifests.matchAll(/^ {2}name: (\S+)$/gm)) {
      assert.ok((name.split(':').at(-1) ?? '').length <= 63, name);
    }
  });
});

const REDIS = { url: 'redis://redis:6379', cacheKeys: { existingSecret: 'cache-keys' } };
const TO_REDIS = { redis: [{ ports: [{ port: 6379 }] }] };

describe('bad values are refused with a sentence', () => {
  const bad: [string, object, RegExp][] = [
    ['unknown at the top', { replicas: 3 }, /at '': additional properties 'replicas' not allowed/],
    [
      'unknown in a group',
      { operator: { replica: 3 } },
      /at '\/operator': additional properties 'replica' not allowed/,
    ],
    ['a wrong type', { extproc: { workers: 'many' } }, /at '\/extproc\/workers': got string, want integer/],
    [
      'a wrong choice',
      { certificates: { mode: 'vault' } },
      /'\/certificates\/mode': value must be one of 'operator', 'certManager'/,
    ],
    ['too small a number', { extproc: { workers: -1 } }, /at '\/extproc\/workers': minimum: got -1, want 0/],
    [
      'not a duration',
      { operator: { messageTimeout: '10' } },
      /at '\/operator\/messageTimeout': '10' does not match pattern/,
    ],
    ['not a digest', { image: { digest: 'latest' } }, /at '\/image\/digest': 'latest' does not match pattern/],
    [
      'a peer that selects nobody and so everybody',
      { networkPolicy: { gateways: [{}] } },
      /at '\/networkPolicy\/gateways\/0': minProperties: got 0, want 1/,
    ],
    [
      'two places of Redis',
      { redis: { ...REDIS, urlSecretRef: { name: 'login' } }, networkPolicy: TO_REDIS },
      /redis.url and redis.urlSecretRef.name both say where Redis is; remove one/,
    ],
    [
      'a password for all to read',
      { redis: { ...REDIS, url: 'redis://user:secret@redis:6379' }, networkPolicy: TO_REDIS },
      /put the URL into a Secret and name that in redis.urlSecretRef.name/,
    ],
    [
      'no keys',
      { redis: { url: REDIS.url }, networkPolicy: TO_REDIS },
      /redis.cacheKeys.existingSecret is empty.*kubectl create secret generic/,
    ],
    [
      'TLS for a Redis without',
      { redis: { ...REDIS, tls: { caSecret: 'ca' } }, networkPolicy: TO_REDIS },
      /write rediss in redis.url, or remove redis.tls/,
    ],
    ['no way to Redis', { redis: REDIS }, /networkPolicy.redis is empty/],
    [
      'keys without Redis',
      { redis: { cacheKeys: REDIS.cacheKeys } },
      /neither redis.url nor redis.urlSecretRef.name says where it is/,
    ],
  ];
  for (const [name, values, sentence] of bad) {
    test(name, () => assert.rejects(render(values), sentence));
  }
});

describe('helm test', () => {
  /** Runs what the test's Pod would, with other addresses, for at most a second. */
  async function runTest(urls: readonly string[]): Promise<string> {
    const pod = (await renderObjects({})).find((object) => object.kind === 'Pod');
    const { containers } = pod?.['spec'] as { containers: [Container] };
    const { command, args } = containers[0];
    assert.equal(command[0], '/nodejs/bin/node');
    const own = args.filter((argument) => argument.startsWith('http'));
    assert.deepEqual(own, [
      'http://waxseal-operator.waxseal-system.svc:9003/readyz',
      'http://waxseal-extproc.waxseal-system.svc:9003/readyz',
    ]);
    const all = [...command.slice(1), args[0] ?? '', '1', ...urls];
    return (await promisify(execFile)(process.execPath, all)).stdout;
  }

  test('passes when both are ready, and fails when one is not or is not there', async () => {
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/ready' ? 200 : 503).end('what it says');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    assert.match(await runTest([`${base}/ready`, `${base}/ready`]), /200 what it says/);
    await assert.rejects(runTest([`${base}/ready`, `${base}/not`]), /Command failed/);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await assert.rejects(runTest([`${base}/ready`]), /Command failed/);
  });
});
