import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { generateChart } from './generate.ts';
import { generateSchema, withValuesTable } from './generate-values.ts';

const root = new URL('../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

const sample = `
# Of the file as a whole.

# How many.
# @schema {minimum: 1}
count: 2
group:
  # Which one.
  # @schema {enum: [a, b]}
  choice: a
  # Any labels.
  # @schema {additionalProperties: {type: string}}
  labels: { x: "1" }
`;

test('the generated files of the chart are what their sources say (npm run generate)', () => {
  for (const [path, content] of generateChart(root)) assert.ok(read(path) === content, path);
});

test('the chart has no CRD beyond those of crds/', () => {
  const chart = readdirSync(new URL('charts/waxseal/crds-files/', root));
  assert.deepEqual(
    chart,
    readdirSync(new URL('crds/', root))
      .filter((name) => name.endsWith('.yaml'))
      .sort(),
  );
});

test('the schema has the type of each default, the keywords of its comment, and no other keys', () => {
  assert.deepEqual(generateSchema(sample), {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    additionalProperties: false,
    properties: {
      count: { description: 'How many.', type: 'integer', minimum: 1 },
      group: {
        type: 'object',
        additionalProperties: false,
        properties: {
          choice: { description: 'Which one.', type: 'string', enum: ['a', 'b'] },
          labels: { description: 'Any labels.', type: 'object', additionalProperties: { type: 'string' } },
        },
      },
      global: { type: 'object' },
    },
  });
});

test('the table has a row for each value, and leaves the rest of the README', () => {
  const readme =
    'Before\n<!-- values: made from values.yaml by npm run generate -->\nold\n<!-- end of values -->\nAfter\n';
  assert.deepEqual(withValuesTable(readme, sample).split('\n'), [
    'Before',
    '<!-- values: made from values.yaml by npm run generate -->',
    '| value | meaning | default |',
    '| --- | --- | --- |',
    '| `count` | How many. | `2` |',
    '| `group.choice` | Which one. One of `a`, `b`. | `"a"` |',
    '| `group.labels` | Any labels. | `{"x":"1"}` |',
    '<!-- end of values -->',
    'After',
    '',
  ]);
  assert.throws(() => withValuesTable('nothing', sample), /no <!-- values/);
});

test('a value without a description, or whose default has no type, is refused', () => {
  assert.throws(() => generateSchema('count: 2\n'), /count in values.yaml has no description/);
  assert.throws(() => generateSchema('# Which.\nname: null\n'), /default of name .* does not tell its type/);
});

test('the schema is valid and takes the defaults', () => {
  const ajv = new Ajv({ allErrors: true, strict: true, strictRequired: false });
  const validate = ajv.compile(generateSchema(read('charts/waxseal/values.yaml')));
  assert.equal(validate(parse(read('charts/waxseal/values.yaml'))), true, JSON.stringify(validate.errors));
  assert.equal(validate({ operator: { replica: 2 } }), false);
});
