/** The CRDs, as a real API server sees them and what it makes of the examples that `waxseal validate` sees too. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { examples } from '../../crds/testdata/examples.ts';
import type { KubernetesObject } from '../../policy/kubernetes.ts';
import { policySchema, tokenServiceSchema, type CrdSchema } from '../../policy/schema.ts';
import { startCluster, type TestCluster } from '../../scripts/local/kubernetes/cluster.ts';
import { until } from '../../scripts/local/until.ts';

interface CustomResourceDefinition extends KubernetesObject {
  readonly status: {
    readonly conditions: readonly { readonly type: string; readonly status: string; readonly message: string }[];
    readonly acceptedNames: { readonly shortNames: readonly string[]; readonly categories: readonly string[] };
  };
}

const FILES = ['waxseal.dev_wssecuritypolicies.yaml', 'waxseal.dev_securitytokenservices.yaml'];
const schemas: readonly CrdSchema[] = [policySchema, tokenServiceSchema];

const folder = (name: string): string => fileURLToPath(new URL(`../../crds/testdata/${name}`, import.meta.url));
const text = (file: string): string => readFileSync(new URL(`../../crds/${file}`, import.meta.url), 'utf8');

describe('the CRDs', () => {
  let cluster: TestCluster;

  before(async () => {
    cluster = await startCluster();
    for (const file of FILES) await cluster.kubectl(['apply', '--server-side', '-f', '-'], text(file));
    // kubectl wait fails where a CRD has no conditions yet.
    await until('the CRDs are established', () =>
      cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=20s']).then(
        () => true,
        () => false,
      ),
    );
    await cluster.kubectl(['get', 'wssecuritypolicies,securitytokenservices']);
  });
  after(() => cluster.stop());

  test('are structural, and have their names', async () => {
    for (const [name, shortNames] of [
      ['wssecuritypolicies.waxseal.dev', ['wssp']],
      ['securitytokenservices.waxseal.dev', ['sts', 'wsts']],
    ] as const) {
      const { status } = await cluster.get<CustomResourceDefinition>('crd', name);
      const states = status.conditions.map(({ type, status: state }) => `${type}=${state}`);
      assert.deepEqual(states.sort(), ['Established=True', 'NamesAccepted=True'], name);
      assert.deepEqual(status.acceptedNames.shortNames, shortNames);
      assert.deepEqual(status.acceptedNames.categories, ['gateway-api']);
    }
  });

  test('the accepted examples are accepted, with the same defaults as offline', async () => {
    const answer = await cluster.kubectl(['create', '--dry-run=server', '-f', folder('accepted'), '-o', 'yaml']);
    const items = parseAllDocuments(answer).map((document) => document.toJS() as KubernetesObject);
    const given = examples('accepted').map(({ text: manifest }) => parse(manifest) as KubernetesObject);
    assert.equal(items.length, given.length);
    for (const { kind, metadata, spec } of given) {
      const schema = schemas.find((each) => each.kind === kind);
      assert.deepEqual(schema?.check(spec), [], `${kind} ${metadata.name}`);
      const admitted = items.find((item) => item.kind === kind && item.metadata.name === metadata.name);
      assert.deepEqual(admitted?.spec, spec, `${kind} ${metadata.name}`);
    }
  });

  describe('refused', () => {
    /** By file. */
    const messages = new Map<string, string>();

    before(async () => {
      // Told to create many, kubectl says of each what became of it.
      const answer = await cluster
        .kubectl(['create', '--dry-run=server', '-f', folder('refused')])
        .catch(({ message }: Error) => message);
      const parts = answer.split(/error when creating "[^"]*?([^"/]+)": /);
      for (let at = 1; at < parts.length; at += 2) messages.set(parts[at], parts[at + 1]);
    });

    for (const { file, admission } of examples('refused')) {
      test(file, () => {
        const message = messages.get(file);
        assert.ok(message?.includes(admission), `${message ?? 'it is accepted'}\ndoes not say ${admission}`);
      });
    }
  });

  test('kubectl get tells at a glance', async () => {
    const spec = { mode: 'Audit', request: { verify: { timestamp: {} } } };
    const head = { apiVersion: 'waxseal.dev/v1alpha1', kind: 'WSSecurityPolicy' };
    await cluster.apply({ ...head, metadata: { name: 'orders', namespace: 'default' }, spec });
    const condition = (type: string, status: string, reason: string, message: string): object => {
      return { type, status, reason, message, lastTransitionTime: '2026-01-01T00:00:00Z', observedGeneration: 1 };
    };
    const conditions = [
      condition('Accepted', 'True', 'Accepted', ''),
      condition('ResolvedRefs', 'True', 'ResolvedRefs', ''),
      condition('Programmed', 'False', 'PartiallyProgrammed', '1 of 2 data plane replicas run generation 1'),
    ];
    const ancestors = [{ ancestorRef: { name: 'edge' }, controllerName: 'waxseal.dev/operator', conditions }];
    const patch = JSON.stringify({ status: { ancestors } });
    await cluster.kubectl(['patch', 'wssp', 'orders', '--subresource=status', '--type=merge', '-p', patch]);
    const [titles, row] = (await cluster.kubectl(['get', 'gateway-api']))
      .split('\n')
      .map((line) => line.split(/ {2,}/));
    assert.deepEqual(titles, ['NAME', 'MODE', 'ACCEPTED', 'PROGRAMMED', 'AGE']);
    assert.deepEqual(row?.slice(1, 4), ['Audit', 'True', 'False']);
    const wide = await cluster.kubectl(['get', 'wssp', '-o', 'wide']);
    assert.match(wide, /PartiallyProgrammed +1 of 2 data plane replicas run generation 1 +true/);
  });

  test("the status is none of the users' business: what they apply there is not taken", async () => {
    const { status } = await cluster.get('wssp', 'orders');
    const head = { apiVersion: 'waxseal.dev/v1alpha1', kind: 'WSSecurityPolicy' };
    const spec = { request: { verify: { timestamp: {} } } };
    await cluster.apply({
      ...head,
      metadata: { name: 'orders', namespace: 'default' },
      spec,
      status: { ancestors: [] },
    });
    assert.deepEqual((await cluster.get('wssp', 'orders')).status, status);
  });

  test('kubectl explain tells what a field is', async () => {
    const explained = await cluster.kubectl(['explain', 'wssp.spec.request.secure.signature.keyRef.namespace']);
    assert.match(explained, /ReferenceGrant must allow it/);
  });
});
