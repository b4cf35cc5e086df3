/** The schemas of the CRDs, made ready to validate without an API server what it would say, in the same words. */

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

interface Crd {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

/** The schema of one kind, out of its CRD. It is read and compiled when it is needed first. */
export class CrdSchema {
  readonly #file: string;
  #crd: Crd['spec'] | undefined;
  #validate: ValidateFunction | undefined;

  /** @param file in the folder `crds/` */
  constructor(file: string) {
    this.#file = file;
  }

  get group(): string {
    return this.#read().group;
  }

  get version(): string {
    return this.#read().versions[0].name;
  }

  get kind(): string {
    return this.#read().names.kind;
  }

  /** Of the whole object, as it stands in the CRD. */
  get object(): Schema {
    return this.#read().versions[0].schema.openAPIV3Schema;
  }

  /** Of `spec`. */
  get spec(): Schema {
    return this.object.properties?.spec ?? {};
  }

  /**
   * Checks a spec against the schema and fills in the schema's defaults, in place, as an API server does.
   *
   * @param spec a copy that may be changed
   */
  check(spec: unknown): readonly ErrorObject[] {
    this.#validate ??= new Ajv({
      ...{ allErrors: true, verbose: true, useDefaults: true, strict: true, strictTypes: false },
    }).compile(strict(this.spec));
    return this.#validate(spec) ? [] : [...(this.#validate.errors ?? [])];
  }

  /**
   * Evaluates the schema's CEL rules.
   *
   * @param wellFormed false when `check` found errors: a rule that meets a value of the wrong shape is passed over
   */
  violations(spec: unknown, wellFormed: boolean): RuleViolation[] {
    const violations: RuleViolation[] = [];
    visit(this.spec, spec, [], (rule, value, path) => {
      if (!holds(rule.rule, value, wellFormed)) violations.push({ path, message: rule.message });
    });
    return violations;
  }

  #read(): Crd['spec'] {
    if (this.#crd === undefined) {
      const text = readFileSync(new URL(`../crds/${this.#file}`, import.meta.url), 'utf8');
      this.#crd = (parse(text, { maxAliasCount: -1 }) as Crd).spec; // our own file
    }
    return this.#crd;
  }
}

export const policySchema = new CrdSchema('waxseal.dev_wssecuritypolicies.yaml');
export const tokenServiceSchema = new CrdSchema('waxseal.dev_securitytokenservices.yaml');

export const GROUP = policySchema.group;
export const VERSION = policySchema.version;

/**
 * OpenAPI as Kubernetes has it -> JSON Schema: fields that the schema does not know are errors, not pruned, and what
 * only an API server understands is left out.
 */
function strict(schema: Schema): Schema {
  const { properties, items, additionalProperties, ...rest } = schema;
  const kept = Object.entries(rest).filter(([keyword]) => !keyword.startsWith('x-kubernetes-') && keyword !== 'format');
  const closed =
    schema.type === 'object' &&
    additionalProperties === undefined &&
    schema['x-kubernetes-preserve-unknown-fields'] !== true;
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

type Visitor = (rule: CelRule, value: unknown, path: readonly (string | number)[]) => void;

function visit(schema: Schema, value: unknown, path: readonly (string | number)[], visitor: Visitor): void {
  // Of a list where a mapping must be, that has been said; a rule would say something beside the point.
  if (schema.type === 'object' && Array.isArray(value)) return;
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
