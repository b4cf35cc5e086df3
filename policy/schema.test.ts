import assert from 'node:assert/strict';
import { test } from 'node:test';
import { presets } from './presets.ts';
import { checkRules, checkSchema, specSchema, type Schema } from './schema.ts';

function walk(schema: Schema, path: string, visit: (schema: Schema, path: string) => void): void {
  visit(schema, path);
  for (const [name, property] of Object.entries(schema.properties ?? {})) walk(property, `${path}.${name}`, visit);
  if (schema.items) walk(schema.items, `${path}[]`, visit);
}

test('every field has a description, and every list, text and map a bound', () => {
  walk(specSchema, 'spec', (schema, path) => {
    if (!path.endsWith(']')) assert.ok(schema.description, `${path} has no description`);
    if (schema.type === 'array') assert.ok(schema.maxItems, `${path} has no maxItems`);
    if (schema.type === 'string') assert.ok(schema.maxLength ?? schema.enum, `${path} has no maxLength`);
    if (schema.additionalProperties) assert.ok(schema.maxProperties, `${path} has no maxProperties`);
  });
});

test('every CEL rule has a sentence', () => {
  let rules = 0;
  walk(specSchema, 'spec', (schema, path) => {
    for (const rule of schema['x-kubernetes-validations'] ?? []) {
      rules++;
      assert.match(rule.message, /\w+ \w+/, path);
    }
  });
  assert.ok(rules > 20);
});

test('the schema holds no default that a preset changes', () => {
  const secure = specSchema.properties?.request?.properties?.secure?.properties ?? {};
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
  group: 'g',
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
    assert.deepEqual(checkSchema(spec), []);
    const violations = checkRules(spec, true);
    assert.equal(violations.length, message ? 1 : 0);
    if (message) assert.match(violations[0].message, message);
  });
}

test('a list that belongs to a preset or to the engine is not shared between policies', () => {
  const [one, other] = [{}, {}] as Record<string, { maxDepth: number }>[];
  checkSchema(one);
  checkSchema(other);
  one.limits.maxDepth = 1;
  assert.equal(other.limits.maxDepth, 100);
});
