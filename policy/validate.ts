/** One manifest -> its spec with the schema's defaults, or sentences that say what is wrong with it. */

import type { ErrorObject } from 'ajv';
import type { Manifest } from './load.ts';
import { notSupported, refusals } from './planned.ts';
import type { Problem } from './problem.ts';
import { Report } from './report.ts';
import type { CrdSchema, Schema } from './schema.ts';

const TOP_LEVEL = new Set(['apiVersion', 'kind', 'metadata', 'spec', 'status']);

/** What `spec.….inclusiveNamespaces` may be. */
export const INCLUSIVE_NAMESPACES = 'must be Auto, None or a list of at most 32 prefixes';

/**
 * Checks everything that the schema can say. What needs more than one field at a time is for `checkPolicy`.
 *
 * @typeParam T type of the kind's spec once it is valid
 * @returns the spec where the schema found no error
 */
export function validate<T>(manifest: Manifest, schema: CrdSchema): { spec?: T; problems: readonly Problem[] } {
  const report = new Report(manifest);
  for (const name of Object.keys(manifest.object)) {
    if (!TOP_LEVEL.has(name)) report.error([name], unknownField(name, [...TOP_LEVEL]));
  }
  const { spec: given } = manifest.object;
  if (given === undefined || given === null) {
    report.error([], `spec is missing${explain(schema.spec)}`);
    return { problems: report.problems };
  }
  const spec: unknown = structuredClone(given);
  const errors = schema.check(spec);
  const inSpec = new Report(manifest, ['spec']);
  for (const error of errors) reportSchemaError(inSpec, error);
  for (const { path, message } of schema.violations(spec, errors.length === 0)) {
    inSpec.error(path, message, message.startsWith('not supported yet') ? 'NotSupported' : 'Invalid');
  }
  const problems = [...report.problems, ...inSpec.problems];
  return problems.length === 0 ? { spec: spec as T, problems } : { problems };
}

function reportSchemaError(report: Report, error: ErrorObject): void {
  const path = pointer(error.instancePath);
  const field = String(path.findLast((step) => typeof step === 'string') ?? 'spec');
  const schema = error.parentSchema as Schema;
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case 'additionalProperties': {
      const name = String(params.additionalProperty);
      report.error([...path, name], unknownField(name, Object.keys(schema.properties ?? {})));
      return;
    }
    case 'required': {
      const name = String(params.missingProperty);
      report.error(path, `${name} is missing${explain(schema.properties?.[name])}`);
      return;
    }
    case 'enum': {
      if (typeof error.data !== 'string') return; // its type has been reported
      const values = (schema.enum ?? []).map(String);
      const value = String(error.data);
      const planned = notSupported(field, value);
      if (planned !== undefined) report.error(path, planned, 'NotSupported');
      else
        report.error(
          path,
          refusals.get(value) ?? `${quote(error.data)} is not one of ${values.join(', ')}${suggest(value, values)}`,
        );
      return;
    }
    case 'type': {
      const pool = field === 'credentials' && Array.isArray(error.data);
      report.error(
        path,
        pool ? 'must be a mapping; write this list under credentials.pool' : typeMessage(schema, error.data),
      );
      return;
    }
    case 'pattern':
      report.error(path, patternMessage(field, error.data, schema, typeof path.at(-1) === 'number'));
      return;
    default:
      report.error(path, `${error.message ?? error.keyword}${explain(schema)}`);
  }
}

function pointer(text: string): (string | number)[] {
  return text
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

function typeMessage(schema: Schema, value: unknown): string {
  const names: Readonly<Record<string, string>> = {
    string: 'a text',
    object: 'a mapping of fields',
    array: 'a list',
    integer: 'a whole number',
    boolean: 'true or false',
  };
  const expected = schema.type ?? '';
  const scalar = typeof value === 'number' || typeof value === 'boolean';
  const mend = expected === 'string' && scalar ? `; ${textMend(schema, value)}` : '';
  return `must be ${names[expected] ?? expected}, not ${describe(value)}${mend}`;
}

/** YAML takes 1.0 for the number 1 and 60 for a number, where a text is meant. */
function textMend(schema: Schema, value: number | boolean): string {
  if (isDuration(schema)) return `write it like 5m, 60s or 1h30m`;
  const meant = schema.enum?.filter((each) => typeof each === 'string').find((each) => Number(each) === value);
  return `put it in quotes: "${meant ?? value}"`;
}

function describe(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'string' ? 'a text' : `the ${typeof value} ${JSON.stringify(value)}`;
}

/** @param listed whether the value is an item of the list that the field holds */
function patternMessage(field: string, value: unknown, schema: Schema, listed: boolean): string {
  if (isDuration(schema)) return `${quote(value)} is no duration; write it like 5m, 60s or 1h30m`;
  switch (field) {
    case 'inclusiveNamespaces':
      return listed ? 'is no namespace prefix; the default namespace is written #default' : INCLUSIVE_NAMESPACES;
    case 'extendedKeyUsage':
      return `${quote(value)} is no extended key usage; write a name such as clientAuth or an object identifier such as 1.3.6.1.5.5.7.3.2`;
    default:
      return `${quote(value)} holds a character that cannot stand in ${field}`;
  }
}

function isDuration({ pattern }: Schema): boolean {
  return typeof pattern === 'string' && pattern.includes('h|m|s|ms');
}

function unknownField(name: string, known: readonly string[]): string {
  const others = known.length === 0 ? '; there are none' : `; the fields are ${known.join(', ')}`;
  return `there is no field ${quote(name)} here${suggest(name, known) || others}`;
}

function suggest(given: string, known: readonly string[]): string {
  const near = known
    .map((candidate) => ({ candidate, distance: editDistance(given.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(1, Math.floor(candidate.length / 3)))
    .sort((a, b) => a.distance - b.distance)[0];
  return near === undefined ? '' : `; did you mean ${near.candidate}?`;
}

/** Levenshtein's distance. */
export function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 16 || a.length > 64) return Infinity;
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const line = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      line.push(Math.min((above[column] ?? 0) + 1, (line[column - 1] ?? 0) + 1, (above[column - 1] ?? 0) + same));
    }
    above = line;
  }
  return above[b.length] ?? 0;
}

function explain(schema: Schema | undefined): string {
  const sentence = schema?.description?.split(/(?<=\.)\s/)[0];
  return sentence === undefined ? '' : ` (${sentence.replace(/\.$/, '')})`;
}

function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `"${text.length > 60 ? `${text.slice(0, 60)}…` : text}"`;
}
