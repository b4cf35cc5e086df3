/** The examples of the CRDs, as `waxseal validate` sees them; test/cluster/crds.test.ts shows them to an API server. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { examples } from '../crds/testdata/examples.ts';
import { parseManifests } from './load.ts';
import { formatProblem, type Problem } from './problem.ts';
import { resolve } from './resolve.ts';
import { policySchema, tokenServiceSchema, type Schema } from './schema.ts';

/** What is wrong with the text itself: of the objects that it refers to there is none. */
function errorsOf(text: string, file: string): Problem[] {
  const { manifests, problems } = parseManifests(text, file);
  const errors = [...problems, ...resolve(manifests).problems].filter(({ severity }) => severity === 'error');
  return errors.filter(({ reason }) => reason !== 'InvalidRef' && reason !== 'RefNotPermitted');
}

for (const { file, text } of examples('accepted')) {
  test(`accepted: ${file}`, () => {
    assert.deepEqual(errorsOf(text, file).map(formatProblem), []);
  });
}

const refused = examples('refused');

for (const { file, text, validate } of refused) {
  test(`refused: ${file}`, () => {
    assert.notEqual(validate, '', 'the file says on top what is wrong with it');
    const [error, ...others] = errorsOf(text, file);
    assert.ok(error?.message.includes(validate), `${error && formatProblem(error)}\ndoes not say ${validate}`);
    assert.deepEqual(others.map(formatProblem), [], 'nothing else is wrong');
  });
}

function rulesOf(schema: Schema): string[] {
  const below = [...Object.values(schema.properties ?? {}), ...(schema.items ? [schema.items] : [])].flatMap(rulesOf);
  return [...(schema['x-kubernetes-validations'] ?? []).map(({ message }) => message), ...below];
}

for (const schema of [policySchema, tokenServiceSchema]) {
  test(`${schema.kind}: every CEL rule refuses one of the examples`, () => {
    const said = new Set(
      refused.filter(({ text }) => text.includes(`kind: ${schema.kind}`)).map((each) => each.validate),
    );
    assert.deepEqual(
      [...new Set(rulesOf(schema.object))].filter((message) => !said.has(message)),
      [],
    );
  });
}

test('the conditions of token services are those of policies', () => {
  const inPolicy = policySchema.spec.properties?.when;
  const inService = tokenServiceSchema.spec.properties?.credentials?.items?.properties?.when;
  const without = (schema: Schema | undefined): unknown =>
    JSON.parse(JSON.stringify(schema, (key, value: unknown) => (key === 'description' ? undefined : value)));
  assert.deepEqual(without(inService), without(inPolicy));
});
