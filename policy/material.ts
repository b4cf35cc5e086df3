/** Secret and ConfigMap manifests -> material. */

import type { Material } from './bundle.ts';
import type { Manifest } from './load.ts';
import type { Problem } from './problem.ts';
import { Report } from './report.ts';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** What each field of a kind holds. */
const FIELDS = {
  Secret: { data: 'base64', stringData: 'text' },
  ConfigMap: { data: 'text', binaryData: 'base64' },
} as const;

/**
 * Reads `data` and `stringData` of a Secret, `data` and `binaryData` of a ConfigMap; `stringData` wins over `data`, as
 * with an API server. A value that cannot be read is left out, and the messages never hold one.
 */
export function readMaterial(
  manifest: Manifest,
  kind: 'Secret' | 'ConfigMap',
): { material: Material; problems: readonly Problem[] } {
  const report = new Report(manifest);
  const data: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [field, form] of Object.entries(FIELDS[kind])) {
    const given = manifest.object[field];
    if (given === undefined || given === null) continue;
    if (typeof given !== 'object' || Array.isArray(given)) {
      report.error([field], 'must be a mapping of keys to values');
      continue;
    }
    for (const [key, value] of Object.entries(given) as [string, unknown][]) {
      if (typeof value !== 'string') report.error([field, key], 'must be a text; put it in quotes');
      else if (form === 'text') data[key] = Buffer.from(value, 'utf8').toString('base64');
      else if (BASE64.test(value.replace(/\s/g, ''))) data[key] = value.replace(/\s/g, '');
      else
        report.error(
          [field, key],
          `is not base64; put the plain text under ${kind === 'Secret' ? 'stringData' : 'data'}`,
        );
    }
  }
  return { material: { kind, name: manifest.name, data }, problems: report.problems };
}
