/** What differs between two values of JSON, field by field, for a person. */

import { formatPath } from '../report.ts';
import type { FieldPath } from '../load.ts';

/** `- field: old` and `+ field: new` lines, in the order of the fields' names. */
export function differences(before: unknown, after: unknown, base: FieldPath = []): string[] {
  const old = leaves(before, base);
  const now = leaves(after, base);
  const fields = [...new Set([...old.keys(), ...now.keys()])].sort();
  return fields.flatMap((field) => {
    const [was, is] = [old.get(field), now.get(field)];
    if (was === is) return [];
    return [...(was === undefined ? [] : [`- ${field}: ${was}`]), ...(is === undefined ? [] : [`+ ${field}: ${is}`])];
  });
}

/** Each text, number and empty collection by its field. */
function leaves(value: unknown, base: FieldPath): Map<string, string> {
  const found = new Map<string, string>();
  const waiting: { value: unknown; path: FieldPath }[] = [{ value, path: base }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value: item, path } = next;
    if (item === undefined) continue;
    const entries = item === null || typeof item !== 'object' ? [] : Object.entries(item);
    if (entries.length === 0) found.set(formatPath(path), JSON.stringify(item));
    for (const [name, child] of entries) {
      waiting.push({ value: child, path: [...path, Array.isArray(item) ? Number(name) : name] });
    }
  }
  return found;
}
