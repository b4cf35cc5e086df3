/** The CRD's schema, made ready to validate with and without an API server in the same words. */

import { readFileSync } from 'node:fs';
import { parse as parseCel } from '@marcbachmann/cel-js';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { parse } from 'yaml';

export interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-validations'?: readonly CelRule[];
  readonly [keyword: string]: unknown;
}

interface CelRule {
  readonly rule: string;
  readonly message: string;
}

export interface RuleViolation {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

const crd = parse(
  readFileSync(new URL('../crds/waxseal.dev_wssecuritypolicies.yaml', import.meta.url), 'utf8'),
  { maxAliasCount: -1 }, // our own file
) as {
  spec: { group: string; versions: { name: string; schema: { openAPIV3Schema: Schema } }[] };
};

export const GROUP = crd.spec.group;
export const VERSION = crd.spec.versions[0]?.name ?? '';

/** The schema of `spec` as it stands in the CRD. */
export const specSchema: Schema = crd.spec.versions[0]?.schema.openAPIV3Schema.properties?.spec ?? {};

const validateSpec: ValidateFunction = new Ajv({
  allErrors: true,
  verbose: true,
  useDefaults: true,
  strict: true,
  strictTypes: false,
}).compile(strict(specSchema));

/**
 * Checks a spec against the schema and fills in the schema's defaults, in place, as an API server does.
 *
 * @param spec a copy that may be changed
 */
export function checkSchema(spec: unknown): readonly ErrorObject[] {
  return validateSpec(spec) ? [] : [...(validateSpec.errors ?? [])];
}

/**
 * OpenAPI as Kubernetes has it -> JSON Schema: fields that the schema does not know are errors, not pruned, and what
 * only an API server understands is left out.
 */
function strict(schema: Schema): Schema {
  const { properties, items, additionalProperties, ...rest } = schema;
  const kept = Object.entries(rest).filter(([keyword]) => !keyword.startsWith('x-kubernetes-') && keyword !== 'format');
  const closed = properties !== undefined && schema['x-kubernetes-preserve-unknown-fields'] !== true;
  return {
    ...Object.fromEntries(kept),
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, strict(property)])),
    }),
    ...(items && { items: strict(items) }),
    ...(closed && { additionalProperties: false }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: strict(additionalProperties) }),
  };
}

type Rule = (context: { self: unknown }) => unknown;
const compiledRules = new Map<string, Rule>();

/**
 * Evaluates the schema's CEL rules.
 *
 * @param wellFormed false when `checkSchema` found errors: a rule that meets a value of the wrong shape is passed over
 */
export function checkRules(spec: unknown, wellFormed: boolean): RuleViolation[] {
  const violations: RuleViolation[] = [];
  visit(specSchema, spec, [], (rule, value, path) => {
    if (!holds(rule.rule, value, wellFormed)) violations.push({ path, message: rule.message });
  });
  return violations;
}

type Visitor = (rule: CelRule, value: unknown, path: readonly (string | number)[]) => void;

function visit(schema: Schema, value: unknown, path: readonly (string | number)[], visitor: Visitor): void {
  for (const rule of schema['x-kubernetes-validations'] ?? []) visitor(rule, value, path);
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items) value.forEach((item, at) => visit(items, item, [...path, at], visitor));
  } else if (value !== null && typeof value === 'object') {
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      if (!Object.hasOwn(value, name)) continue;
      visit(property, (value as Record<string, unknown>)[name], [...path, name], visitor);
    }
  }
}

function holds(rule: string, self: unknown, wellFormed: boolean): boolean {
  let evaluate = compiledRules.get(rule);
  if (evaluate === undefined) compiledRules.set(rule, (evaluate = parseCel(rule)));
  try {
    return evaluate({ self }) === true;
  } catch (error) {
    if (wellFormed) throw error;
    return true;
  }
}
