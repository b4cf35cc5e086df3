/** Where an object refers to others, by the names of its fields alone: it need be no valid policy. */

import type { FieldPath } from '../load.ts';

export interface FieldReference {
  readonly kind: 'Secret' | 'ConfigMap' | 'SecurityTokenService';
  readonly name: string;
  /** Absent: the object's own. */
  readonly namespace?: string;
  readonly key?: string;
  /** From the given value on. */
  readonly path: FieldPath;
}

/** To what policies attach to, which has names of its own in each environment. */
const TARGETS = 'targetRefs';

/** Every reference in a spec. */
export function referencesIn(spec: unknown): FieldReference[] {
  const found: FieldReference[] = [];
  rewriteReferences(spec, (reference) => {
    found.push(reference);
    return reference;
  });
  return found;
}

/** A copy of a spec in which each reference is what `change` makes of it: its name and namespace. */
export function rewriteReferences<T>(
  spec: T,
  change: (reference: FieldReference) => Pick<FieldReference, 'name' | 'namespace'>,
): T {
  const copy = structuredClone(spec);
  const waiting: { value: unknown; path: FieldPath }[] = [{ value: copy, path: [] }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value, path } = next;
    const children: { value: unknown; path: FieldPath }[] = [];
    for (const [field, child] of entriesOf(value)) {
      const at = [...path, field];
      if (isReferenceField(at) && isReference(child)) applyChange(child, at, change);
      else children.push({ value: child, path: at });
    }
    waiting.push(...children.reverse());
  }
  return copy;
}

interface ReferenceValue {
  kind?: unknown;
  name: string;
  namespace?: unknown;
  key?: unknown;
}

function applyChange(
  value: ReferenceValue,
  path: FieldPath,
  change: (reference: FieldReference) => Pick<FieldReference, 'name' | 'namespace'>,
): void {
  const { name, namespace, key } = value;
  const changed = change({
    kind: kindOf(value, path),
    name,
    ...(typeof namespace === 'string' && { namespace }),
    ...(typeof key === 'string' && { key }),
    path,
  });
  value.name = changed.name;
  if (changed.namespace === undefined) delete value.namespace;
  else value.namespace = changed.namespace;
}

/** The kind that is written, or that the field takes where none is. */
function kindOf({ kind }: ReferenceValue, path: FieldPath): FieldReference['kind'] {
  const field = path.at(-1);
  if (field === 'serviceRef') return 'SecurityTokenService';
  const usual = field === 'wsdlRef' ? 'ConfigMap' : 'Secret';
  return kind === 'Secret' || kind === 'ConfigMap' ? kind : usual;
}

function entriesOf(value: unknown): [string | number, unknown][] {
  if (Array.isArray(value)) return value.map((item: unknown, index) => [index, item]);
  return value !== null && typeof value === 'object' ? Object.entries(value) : [];
}

/** `keyRef`, or an item of `keyRefs`. */
function isReferenceField(path: FieldPath): boolean {
  const last = path.at(-1);
  const field = typeof last === 'number' ? path.at(-2) : last;
  if (typeof field !== 'string' || field === TARGETS) return false;
  return typeof last === 'number' ? field.endsWith('Refs') : field.endsWith('Ref');
}

function isReference(value: unknown): value is ReferenceValue {
  return value !== null && typeof value === 'object' && 'name' in value && typeof value.name === 'string';
}
