/** Makes values.schema.json and the table of values in README.md from the chart's values.yaml, its only source. */

import { isMap, isScalar, parse, parseDocument, type Pair, type YAMLMap } from 'yaml';

export interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly [keyword: string]: unknown;
}

interface Value {
  readonly name: string;
  readonly description: string;
  /** Keywords beyond those that the default gives. */
  readonly keywords: Schema;
  readonly default: unknown;
  /** Undefined where the value is set as a whole. */
  readonly children: readonly Value[] | undefined;
}

const BEGIN = '<!-- values: made from values.yaml by npm run generate -->\n';
const END = '<!-- end of values -->';

/**
 * The JSON Schema of a values file. Objects take the keys that the file has and no others.
 *
 * @param yaml text of values.yaml. A comment above a key describes it; in it, a line `@schema {…}` adds keywords, and
 *   `additionalProperties` or `items` say that the value is set as a whole
 */
export function generateSchema(yaml: string): Schema {
  const { properties, ...rest } = objectSchema(readValues(yaml));
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...rest,
    // Helm hands them to every chart that another one brings along.
    properties: { ...(properties as object), global: { type: 'object' } },
  };
}

/**
 * The README with the table of values between its two markers renewed.
 *
 * @throws Error when the markers are not there
 */
export function withValuesTable(readme: string, yaml: string): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`The README has no ${BEGIN.trim()} … ${END}.`);
  return readme.slice(0, begin + BEGIN.length) + table(readValues(yaml)) + readme.slice(end);
}

function readValues(yaml: string): Value[] {
  const { contents } = parseDocument(yaml);
  if (!isMap(contents)) throw new Error('values.yaml is not a mapping.');
  return mapValues(contents);
}

function mapValues(map: YAMLMap): Value[] {
  return map.items.map((pair, index) => readValue(pair, index === 0 ? (map.commentBefore ?? '') : ''));
}

/** @param first the parser hangs the comment of a mapping's first key on the mapping */
function readValue(pair: Pair, first: string): Value {
  const { key, value } = pair;
  if (!isScalar(key)) throw new Error('values.yaml has a key that is not a scalar.');
  // A blank line ends what is said of the file, or of a group.
  const comment = `${first}\n${key.commentBefore ?? ''}`.split(/\n[ \t]*\n/).at(-1) ?? '';
  const lines = comment.split('\n').map((line) => line.trim());
  const keywords = parse(lines.find((line) => line.startsWith('@schema '))?.slice(8) ?? '{}') as Schema;
  const description = lines.filter((line) => line !== '' && !line.startsWith('@')).join(' ');
  const whole = 'additionalProperties' in keywords || !isMap(value);
  if (whole && description === '') throw new Error(`${String(key.value)} in values.yaml has no description.`);
  return {
    name: String(key.value),
    description,
    keywords,
    default: (value as { toJSON(): unknown } | null)?.toJSON(),
    children: whole ? undefined : mapValues(value),
  };
}

function objectSchema(values: readonly Value[]): Schema {
  const properties = Object.fromEntries(values.map((value) => [value.name, valueSchema(value)]));
  return { type: 'object', properties, additionalProperties: false };
}

function valueSchema(value: Value): Schema {
  const description = value.description === '' ? {} : { description: value.description };
  if (value.children) return { ...description, ...objectSchema(value.children) };
  return { ...description, type: typeOf(value), ...value.keywords };
}

function typeOf({ name, default: value }: Value): string {
  if (Array.isArray(value)) return 'array';
  if (Number.isInteger(value)) return 'integer';
  const type = typeof value;
  if (value === null || !['string', 'boolean', 'object'].includes(type)) {
    throw new Error(`The default of ${name} in values.yaml does not tell its type.`);
  }
  return type;
}

function table(values: readonly Value[]): string {
  return `| value | meaning | default |\n| --- | --- | --- |\n${rows(values, '').join('')}`;
}

function rows(values: readonly Value[], prefix: string): string[] {
  return values.flatMap((value) => {
    const path = prefix + value.name;
    if (value.children) return rows(value.children, `${path}.`);
    const choices = (value.keywords['enum'] as string[] | undefined)?.map((choice) => `\`${choice}\``).join(', ');
    const meaning = [value.description, choices && `One of ${choices}.`].filter(Boolean).join(' ');
    return [`| \`${path}\` | ${meaning.replaceAll('|', '\\|')} | \`${JSON.stringify(value.default)}\` |\n`];
  });
}
