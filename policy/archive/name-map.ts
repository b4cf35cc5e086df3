/** What things are called in another environment. */

import { parseDocument } from 'yaml';
import type { KubernetesObject } from '../kubernetes.ts';
import { isNamespace, isObjectName, neededBy, objectId, type Archive } from './archive.ts';
import { referencesIn, rewriteReferences } from './object-references.ts';

/** Old name to new name, by what is named. Absent names stay as they are. */
export interface NameMap {
  /** `name`, or `namespace/name` for those in another namespace than the policies. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly configMaps: ReadonlyMap<string, string>;
  readonly policies: ReadonlyMap<string, string>;
  /** As `secrets`. */
  readonly tokenServices: ReadonlyMap<string, string>;
  /** `Kind/name` of what policies attach to. */
  readonly targets: ReadonlyMap<string, string>;
  /** Of what is referred to in other namespaces than the policies. */
  readonly namespaces: ReadonlyMap<string, string>;
  /** Addresses: those of token services, what their tokens are for, and where messages are sent again. */
  readonly urls: ReadonlyMap<string, string>;
}

const SECTIONS = ['secrets', 'configMaps', 'policies', 'tokenServices', 'targets', 'namespaces', 'urls'] as const;
type Section = (typeof SECTIONS)[number];

/** The map, or its use on an archive, is wrong: one sentence for each mistake. */
export class NameMapError extends Error {
  readonly code = 'ERR_NAME_MAP';

  constructor(mistakes: readonly string[]) {
    super(mistakes.join('\n'));
  }

  override get name(): string {
    return 'NameMapError';
  }
}

export const EMPTY_MAP: NameMap = parseNameMap('');

/** @throws NameMapError */
export function parseNameMap(text: string): NameMap {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) throw new NameMapError([`not valid YAML: ${error.message}`]);
  const content: unknown = document.toJS({ maxAliasCount: 0 }) ?? {};
  if (!isMapping(content)) throw new NameMapError([`must be a mapping of ${SECTIONS.join(', ')}`]);
  const mistakes = Object.keys(content)
    .filter((section) => !(SECTIONS as readonly string[]).includes(section))
    .map((section) => `there is no section ${section}; the sections are ${SECTIONS.join(', ')}`);
  const read = (section: Section): ReadonlyMap<string, string> => {
    const entries = content[section] ?? {};
    if (!isMapping(entries)) {
      mistakes.push(`${section}: must be a mapping of old names to new names`);
      return new Map();
    }
    for (const [from, to] of Object.entries(entries)) {
      if (typeof to === 'string' && isGood(section, to)) continue;
      const mend =
        section === 'urls'
          ? 'is no address; write one like https://sts.example/issue'
          : 'is no name; write lower-case letters, digits and hyphens';
      mistakes.push(`${section}: ${from}: ${JSON.stringify(to)} ${mend}`);
    }
    return new Map(Object.entries(entries as Record<string, string>));
  };
  const map = {
    secrets: read('secrets'),
    configMaps: read('configMaps'),
    policies: read('policies'),
    tokenServices: read('tokenServices'),
    targets: read('targets'),
    namespaces: read('namespaces'),
    urls: read('urls'),
  };
  if (mistakes.length > 0) throw new NameMapError(mistakes);
  return map;
}

function isGood(section: Section, name: string): boolean {
  if (section === 'urls') return URL.canParse(name);
  return section === 'namespaces' ? isNamespace(name) : isObjectName(name);
}

/**
 * The archive in the words of the other environment.
 *
 * @throws NameMapError where the map names something that the archive has not, or two things would have one name
 */
export function renamed(archive: Archive, map: NameMap): Archive {
  checkUse(archive, map);
  const objects = archive.objects.map((object) => renameObject(object, map));
  const ids = objects.map(objectId);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  if (twice.length > 0) throw new NameMapError([...new Set(twice)].map((id) => `two objects would be ${id}`));
  return { namespace: archive.namespace, objects, needs: neededBy(objects) };
}

const SECTION_OF = { Secret: 'secrets', ConfigMap: 'configMaps', SecurityTokenService: 'tokenServices' } as const;

/** Where addresses stand in a policy or a token service. */
const URL_FIELDS: readonly (readonly string[])[] = [
  ['wsTrust', 'url'],
  ['wsTrust', 'appliesTo'],
  ['external', 'url'],
  ['request', 'secure', 'securityToken', 'retryUrl'],
];

function checkUse({ objects }: Archive, map: NameMap): void {
  const known: Record<Section, Set<string>> = {
    ...{ secrets: new Set(), configMaps: new Set(), policies: new Set(), tokenServices: new Set() },
    ...{ targets: new Set(), namespaces: new Set(), urls: new Set() },
  };
  for (const object of objects) {
    known[object.kind === 'WSSecurityPolicy' ? 'policies' : 'tokenServices'].add(object.metadata.name);
    for (const { kind, name, namespace } of referencesIn(object['spec'])) {
      known[SECTION_OF[kind]].add(qualified(name, namespace));
      if (namespace !== undefined) known.namespaces.add(namespace);
    }
    for (const { kind, name } of targetsOf(object)) known.targets.add(`${kind}/${name}`);
    for (const url of urlsIn(object['spec'])) known.urls.add(url);
  }
  const mistakes = SECTIONS.flatMap((section) =>
    [...map[section].keys()]
      .filter((name) => !known[section].has(name))
      .map(
        (name) => `${section}: the archive has no ${name}; it has ${[...known[section]].sort().join(', ') || 'none'}`,
      ),
  );
  if (mistakes.length > 0) throw new NameMapError(mistakes);
}

function renameObject(object: KubernetesObject, map: NameMap): KubernetesObject {
  const { kind, metadata } = object;
  const own = kind === 'WSSecurityPolicy' ? map.policies : map.tokenServices;
  const spec = rewriteReferences(object['spec'], ({ kind: of, name, namespace }) => ({
    name: map[SECTION_OF[of]].get(qualified(name, namespace)) ?? name,
    ...(namespace !== undefined && { namespace: map.namespaces.get(namespace) ?? namespace }),
  }));
  return {
    ...object,
    metadata: { ...metadata, name: own.get(metadata.name) ?? metadata.name },
    ...(spec !== undefined && { spec: replaceUrls(renameTargets(spec, map), map) }),
  };
}

function renameTargets(spec: unknown, { targets }: NameMap): unknown {
  if (!isMapping(spec) || !Array.isArray(spec['targetRefs'])) return spec;
  const targetRefs = spec['targetRefs'].map((target: unknown) => {
    if (!isTarget(target)) return target;
    return { ...target, name: targets.get(`${target.kind}/${target.name}`) ?? target.name };
  });
  return { ...spec, targetRefs };
}

function urlsIn(spec: unknown): string[] {
  return URL_FIELDS.map((path) => at(spec, path)).filter((value) => typeof value === 'string');
}

/** @param spec a copy, which is changed */
function replaceUrls(spec: unknown, { urls }: NameMap): unknown {
  for (const path of URL_FIELDS) {
    const holder = at(spec, path.slice(0, -1));
    const field = path.at(-1) ?? '';
    if (!isMapping(holder) || typeof holder[field] !== 'string') continue;
    holder[field] = urls.get(holder[field]) ?? holder[field];
  }
  return spec;
}

function targetsOf({ spec }: KubernetesObject): { kind: string; name: string }[] {
  const targets = isMapping(spec) ? spec['targetRefs'] : undefined;
  return Array.isArray(targets) ? targets.filter(isTarget) : [];
}

function isTarget(value: unknown): value is { kind: string; name: string } {
  return isMapping(value) && typeof value['kind'] === 'string' && typeof value['name'] === 'string';
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, step) => (isMapping(inner) ? inner[step] : undefined), value);
}

function qualified(name: string, namespace: string | undefined): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
