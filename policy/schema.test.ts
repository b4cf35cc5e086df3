import assert from 'node:assert/strict';
import { test } from 'node:test';
import { presets } from './presets.ts';
import { policySchema, tokenServiceSchema, type Schema } from './schema.ts';

function walk(schema: Schema, path: string, visit: (schema: Schema, path: string) => void): void {
  visit(schema, path);
  for (const [name, property] of Object.entries(schema.properties ?? {})) walk(property, `${path}.${name}`, visit);
  if (schema.items) walk(schema.items, `${path}[]`, visit);
}

for (const schema of [policySchema, tokenServiceSchema]) {
  test(`${schema.kind}: every field has a description, and every list, text and map a bound`, () => {
    walk(schema.object, '', (field, path) => {
      // API servers allow no description of metadata, and bound the others.
      if (['', '.metadata', '.apiVersion', '.kind'].includes(path)) return;
      if (!path.endsWith(']') || field.properties) assert.ok(field.description, `${path} has no description`);
      if (field.type === 'array' || field.items) assert.ok(field.maxItems, `${path} has no maxItems`);
      if (field.type === 'string') assert.ok(field.maxLength ?? field.enum, `${path} has no maxLength`);
      if (field.type === 'integer') assert.notEqual(field.minimum ?? field.enum, undefined, `${path} has no minimum`);
      if (field.type === undefined) assert.ok(field.maxLength && field.maxItems, `${path} has no bounds`);
      if (field.additionalProperties) assert.ok(field.maxProperties, `${path} has no maxProperties`);
    });
  });

  test(`${schema.kind}: every CEL rule has a sentence`, () => {
    let rules = 0;
    walk(schema.object, '', (field, path) => {
      for (const rule of field['x-kubernetes-validations'] ?? []) {
        rules++;
        assert.match(rule.message, /\w+ \w+/, path);
      }
    });
    assert.ok(rules > 20);
  });
}

test('the schema holds no default that a preset changes', () => {
  const secure = policySchema.spec.properties?.request?.properties?.secure?.properties ?? {};
  const changed = [
    [secure.timestamp, 'precision'],
    ...['algorithm', 'digest', 'keyIdentifier', 'parts'].map((field) => [secure.signature, field] as const),
    ...['dataAlgorithm', 'keyTransport', 'keyIdentifier', 'oaep', 'parts'].map(
      (field) => [secure.encryption, field] as const,
    ),
  ] as const;
  for (const [schema, field] of changed) assert.equal(schema?.properties?.[field]?.default, undefined, field);
  assert.deepEqual(secure.preset?.enum, Object.keys(presets));
});

const target = (sectionName?: string, name = 'a'): object => ({
  group: 'gateway.networking.k8s.io',
  kind: 'Gateway',
  name,
  ...(sectionName && { sectionName }),
});
const rules: [name: string, spec: object, message: RegExp | undefined][] = [
  ['different targets', { targetRefs: [target(), target(undefined, 'b')] }, undefined],
  ['sections of one target', { targetRefs: [target('x'), target('y')] }, undefined],
  ['a target and its section', { targetRefs: [target(), target('y')] }, /sectionName must be given/],
  ['a target twice', { targetRefs: [target('x'), target('x')] }, /different from the others/],
  [
    'a value for Exists',
    { when: { all: [{ source: 'Path', operator: 'Exists', values: ['a'] }] } },
    /values must be given, except/,
  ],
  ['no value for Equals', { when: { all: [{ source: 'Path', operator: 'Equals' }] } }, /values must be given, except/],
  ['a header without a name', { when: { any: [{ source: 'Header', operator: 'Exists' }] } }, /name must be given/],
  ['an API key without a name', { when: { any: [{ source: 'APIKey', operator: 'Exists' }] } }, undefined],
  [
    'a part that is two',
    {
      request: {
        verify: {
          decryption: {
            keyRefs: [{ name: 'a' }],
            requiredParts: [{ part: 'Body', element: { namespace: '', name: 'a' } }],
          },
        },
      },
    },
    /exactly one of part/,
  ],
  ['no recipient', { request: { secure: { encryption: {} } } }, /exactly one of recipientRef/],
  [
    'two recipients',
    { response: { secure: { encryption: { recipient: 'RequestSigner', recipientRef: { name: 'a' } } } } },
    /exactly one of recipientRef/,
  ],
  ['no key', { request: { secure: { signature: {} } } }, /keyRef must be given/],
  [
    'the key of the encryption',
    { request: { secure: { signature: { keyIdentifier: 'EncryptedKeySHA1' } } } },
    undefined,
  ],
];
for (const [name, spec, message] of rules) {
  test(`rules: ${name} is ${message ? 'refused' : 'accepted'}`, () => {
    assert.deepEqual(policySchema.check(spec), []);
    const violations = policySchema.violations(spec, true);
    assert.equal(violations.length, message ? 1 : 0);
    if (message) assert.match(violations[0].message, message);
  });
}

test('a list that belongs to a preset or to the engine is not shared between policies', () => {
  const [one, other] = [{}, {}] as Record<string, { maxDepth: number }>[];
  policySchema.check(one);
  policySchema.check(other);
  one.limits.maxDepth = 1;
  assert.equal(other.limits.maxDepth, 100);
});
