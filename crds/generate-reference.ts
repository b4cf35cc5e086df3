/** CRD YAML -> the reference of every field of a kind, in Markdown. */

import { parse } from 'yaml';
import { defaultAlgorithm, presets, type PresetName } from '../policy/presets.ts';
import type { Schema } from '../policy/schema.ts';

interface Crd {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string; readonly shortNames: readonly string[] };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

/**
 * Turns a CRD's text into the text of its page in `docs/`.
 *
 * @param opening Markdown before the tables
 * @param closing Markdown after them
 */
export function generateReference(crdYaml: string, opening = '', closing = ''): string {
  const { spec: crd } = parse(crdYaml, { maxAliasCount: -1 }) as Crd;
  const { kind, shortNames } = crd.names;
  const [version] = crd.versions;
  const schema = version.schema.openAPIV3Schema.properties?.spec ?? {};
  const lines = [
    '<!-- Generated from the CRD by npm run generate; change crds/ instead. -->',
    '',
    `# ${kind}`,
    '',
    `API group \`${crd.group}\`, version \`${version.name}\`, short ${shortNames.length > 1 ? 'names' : 'name'} \`${shortNames.join('`, `')}\`. ${version.schema.openAPIV3Schema.description ?? ''}`,
    '',
    'Durations are Gateway API durations: `5m`, `60s`, `1h30m`.',
    ...(opening === '' ? [] : [opening]),
    '',
  ];
  const described: Described = new Map();
  collect('spec', schema, described);
  lines.push('## spec', '', ...table('spec', schema, described), ...rules(schema), '');
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (name !== 'response') lines.push(...sections(`spec.${name}`, property, described));
  }
  return `${lines.join('\n')}${closing}`;
}

/** Where each object is described: the first place of those where the CRD uses it, by alias. */
type Described = Map<Schema, string>;

function collect(path: string, schema: Schema, described: Described): void {
  const object = schema.items ?? schema;
  if (object.properties === undefined || described.has(object)) return;
  const name = schema.items ? `${path}[]` : path;
  described.set(object, name);
  for (const [field, property] of Object.entries(object.properties)) collect(`${name}.${field}`, property, described);
}

/** A section for each object below a field, in the order of the schema. */
function sections(path: string, schema: Schema, described: Described): string[] {
  const object = schema.items ?? schema;
  const name = schema.items ? `${path}[]` : path;
  if (object.properties === undefined || described.get(object) !== name) return [];
  const description = schema.items ? object.description : undefined;
  const own = [
    '',
    ...(description ? [description, ''] : []),
    ...table(name, object, described),
    ...rules(schema, object),
    '',
  ];
  const below = Object.entries(object.properties).flatMap(([field, property]) =>
    sections(`${name}.${field}`, property, described),
  );
  return [`## ${name}`, ...own, ...below];
}

function table(path: string, schema: Schema, described: Described): string[] {
  const required = new Set(schema.required);
  const rows = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const mark = required.has(name) ? ' (required)' : '';
    const at = property.items ? `${path}.${name}[]` : `${path}.${name}`;
    const same = described.get(property.items ?? property) ?? at;
    const type = typeOf(property) + (same === at ? '' : `, the same as \`${same}\``);
    return `| \`${name}\`${mark} | ${type} | ${defaultOf(property)} | ${cell(property.description ?? '')} |`;
  });
  return ['| field | type | default | meaning |', '| --- | --- | --- | --- |', ...rows];
}

function typeOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(' ');
  if (schema.items && schema.type === 'array')
    return `list of ${schema.items.properties ? 'objects' : typeOf(schema.items)}, ${bounds(schema)}`;
  switch (schema.type) {
    case 'object':
      return typeof schema.additionalProperties === 'object'
        ? `map of texts, ${Number(schema.minProperties ?? 0)} to ${Number(schema.maxProperties)}`
        : 'object';
    case 'integer':
      return `integer, ${String(schema.minimum)} to ${String(schema.maximum)}`;
    case 'string':
      return String(schema.pattern).includes('h|m|s|ms')
        ? 'duration'
        : `text, at most ${String(schema.maxLength)} characters`;
    default:
      return schema.type ?? 'text or list';
  }
}

function bounds(schema: Schema): string {
  const { minItems = 0, maxItems } = schema as { minItems?: number; maxItems?: number };
  return `${minItems} to ${maxItems ?? ''}`;
}

function defaultOf(schema: Schema): string {
  if (schema.default === undefined || (schema.type === 'object' && schema.properties)) return '';
  const values = Array.isArray(schema.default) ? (schema.default as unknown[]) : [schema.default];
  return values.map((value) => `\`${String(value)}\``).join(' ');
}

function rules(...schemas: readonly Schema[]): string[] {
  const messages = new Set(
    schemas.flatMap((schema) => (schema['x-kubernetes-validations'] ?? []).map((rule) => rule.message)),
  );
  return messages.size === 0 ? [] : ['', ...[...messages].map((message) => `- ${message}`)];
}

/** What `secure.preset` stands for, in Markdown: the end of the page of policies. */
export function presetTable(): string {
  const names = Object.keys(presets) as PresetName[];
  const row = (field: string, value: (name: PresetName) => string): string =>
    `| ${field} | ${names.map((name) => `\`${value(name)}\``).join(' | ')} |`;
  return [
    '## Presets',
    '',
    'What `secure.preset` puts in the place of fields that are not given.',
    '',
    ...names.map((name) => `- \`${name}\`: ${presets[name].summary}`),
    '',
    `| field | ${names.join(' | ')} |`,
    `| --- |${' --- |'.repeat(names.length)}`,
    row('timestamp.precision', (name) => presets[name].timestampPrecision),
    row('signature.algorithm, RSA key', (name) => defaultAlgorithm(name, 'rsa')),
    row('signature.algorithm, P-256 key', (name) => defaultAlgorithm(name, 'P-256')),
    row('signature.algorithm, shared secret', (name) => defaultAlgorithm(name, 'secret')),
    row('signature.digest', (name) => {
      const { digest } = presets[name].signature;
      return digest === 'Follow' ? 'as algorithm' : digest;
    }),
    row('signature.keyIdentifier', (name) => presets[name].signature.keyIdentifier),
    row('signature.parts', (name) => (presets[name].signature.timestamp ? 'Body, Timestamp' : 'Body')),
    row('encryption.dataAlgorithm', (name) => presets[name].encryption.dataAlgorithm),
    row('encryption.keyTransport', (name) => presets[name].encryption.keyTransport),
    row('encryption.keyIdentifier', (name) => presets[name].encryption.keyIdentifier),
    '',
    'With every preset `encryption.oaep` is SHA256 and MGF1-SHA256 for RSA-OAEP, and SHA1 and MGF1-SHA1 for RSA-OAEP-MGF1P.',
    '',
  ].join('\n');
}

/** Table cells end at a bar. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
