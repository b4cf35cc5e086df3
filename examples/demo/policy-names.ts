import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

interface Named {
  kind?: string;
  metadata?: { name?: string; namespace?: string };
}

/** `namespace/name` of every WSSecurityPolicy in a folder's YAML files. */
export async function policyNames(folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const file of (await readdir(folder)).sort()) {
    if (!/\.ya?ml$/.test(file)) continue;
    for (const document of parseAllDocuments(await readFile(join(folder, file), 'utf8'))) {
      const manifest = document.toJS() as Named | null;
      if (manifest?.kind !== 'WSSecurityPolicy') continue;
      names.push(`${manifest.metadata?.namespace ?? 'default'}/${manifest.metadata?.name ?? ''}`);
    }
  }
  return names;
}
