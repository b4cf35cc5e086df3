/**
 * CRD YAML -> TypeScript types. An anchor on an object schema or an enumeration names the type. The types describe an
 * object after defaulting: a property with a `default` is always there.
 */

import { isAlias, isMap, isSeq, parseDocument } from 'yaml';
import type { Node, YAMLMap, Document } from 'yaml';

/** Turns a CRD's text into the text of the TypeScript file with its types. */
export function generateTypes(crdYaml: string): string {
  const document = parseDocument(crdYaml);
  if (document.errors.length > 0) throw document.errors[0];
  return new TypeWriter(document).write();
}

class TypeWriter {
  readonly #document: Document;
  readonly #declarations: string[] = [];
  readonly #declared = new Set<string>();

  constructor(document: Document) {
    this.#document = document;
  }

  write(): string {
    const schema = this.#document.getIn(['spec', 'versions', 0, 'schema', 'openAPIV3Schema', 'properties']) as YAMLMap;
    const kind = String(this.#document.getIn(['spec', 'names', 'kind']));
    this.#type(schema.get('spec', true) as Node);
    this.#type(schema.get('status', true) as Node);
    return [
      '/**',
      ` * Types of ${kind} ${String(this.#document.getIn(['spec', 'versions', 0, 'name']))}, as it stands once the schema's defaults are filled in.`,
      ' *',
      ` * Generated from crds/${String(this.#document.getIn(['metadata', 'name']))
        .split('.')
        .slice(1)
        .join(
          '.',
        )}_${String(this.#document.getIn(['spec', 'names', 'plural']))}.yaml by scripts/generate.ts; change that instead.`,
      ' */',
      '',
      ...this.#declarations,
    ].join('\n');
  }

  /** The type expression of a schema; a named one is declared on the way. */
  #type(node: Node): string {
    const schema = (isAlias(node) ? node.resolve(this.#document) : node) as YAMLMap;
    const name = schema.get('type') === 'object' || schema.has('enum') ? schema.anchor : undefined;
    if (name === undefined) return this.#expression(schema);
    if (!this.#declared.has(name)) {
      this.#declared.add(name);
      const at = this.#declarations.length;
      const expression = this.#expression(schema);
      const head = schema.get('type') === 'object' ? `interface ${name} ` : `type ${name} = `;
      const end = schema.get('type') === 'object' ? '' : ';';
      this.#declarations.splice(at, 0, `${comment(schema, '')}export ${head}${expression}${end}\n`);
    }
    return name;
  }

  #expression(schema: YAMLMap): string {
    const values = schema.get('enum');
    if (isSeq(values))
      return values.items.map((item) => JSON.stringify((item as { value: unknown }).value)).join(' | ');
    switch (schema.get('type')) {
      case 'object':
        return this.#object(schema);
      case 'array':
        return `readonly (${this.#type(schema.get('items', true) as Node)})[]`;
      case 'integer':
        return 'number';
      case 'boolean':
        return 'boolean';
      case 'string':
        return 'string';
      default:
        return 'unknown';
    }
  }

  #object(schema: YAMLMap): string {
    const properties = schema.get('properties');
    if (!isMap(properties)) {
      const values = schema.get('additionalProperties', true);
      return `Readonly<Record<string, ${values === undefined ? 'never' : this.#type(values as Node)}>>`;
    }
    const required = schema.get('required');
    const names = new Set(isSeq(required) ? (required.toJSON() as string[]) : []);
    const lines = properties.items.flatMap((pair) => {
      const key = String((pair.key as { value: unknown }).value);
      const node = pair.value as Node;
      const property = (isAlias(node) ? node.resolve(this.#document) : node) as YAMLMap;
      if (isForbidden(property)) return [];
      const mark = names.has(key) || property.has('default') ? '' : '?';
      return [`${comment(property, '  ')}  readonly ${key}${mark}: ${this.#type(node)};`];
    });
    return `{\n${lines.join('\n')}\n}`;
  }
}

/** A field that is declared only so that it can be refused by name. */
function isForbidden(schema: YAMLMap): boolean {
  return schema.getIn(['x-kubernetes-validations', 0, 'rule']) === 'false';
}

function comment(schema: YAMLMap, indent: string): string {
  const description = schema.get('description');
  return typeof description === 'string' ? `${indent}/** ${description.replaceAll('*/', '*\\/')} */\n` : '';
}
