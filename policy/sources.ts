/** What policies and token services refer to: where it is looked up, and what is said of what is not there. */

import type { Material, MaterialReference } from './bundle.ts';
import { materialId } from './bundle.ts';
import type { Manifest } from './load.ts';
import { groupOf, type Granted, type MaterialObject, type ObjectReference } from './reference-grants.ts';
import type { Reference } from './references.ts';
import type { Report } from './report.ts';
import type { TokenServiceResolution } from './resolve-token-service.ts';
import { GROUP } from './schema.ts';

/** Where the Secrets and ConfigMaps are that policies and token services refer to. */
export interface MaterialSources {
  /** Undefined: there is none. Null: it is defined twice. */
  material(kind: 'Secret' | 'ConfigMap', namespace: string, name: string): Material | null | undefined;
  /** Whether a ReferenceGrant in the object's namespace, another than that of whoever refers to it, allows the reference. */
  readonly granted: Granted;
  /** An object of that name elsewhere, `namespace/Kind/name`, where all objects are known. */
  readonly elsewhere?: (name: string) => string | undefined;
}

/** The same, and the token services that policies refer to. */
export interface Sources extends MaterialSources {
  /** Undefined: there is none. Null: it is defined twice. */
  tokenService(namespace: string, name: string): TokenServiceResolution | null | undefined;
}

export interface Gathered {
  /** What was found, by `materialId`. */
  readonly material: Readonly<Record<string, Material>>;
  /** The objects that are referred to, each once; also those that are missing or not granted. */
  readonly objects: readonly MaterialObject[];
}

/** Looks up what a manifest refers to, and reports what is missing. */
export function gather(
  manifest: Manifest,
  references: readonly Reference[],
  sources: MaterialSources,
  report: Report,
): Gathered {
  const material: Record<string, Material> = {};
  const objects = new Map<string, MaterialObject>();
  for (const reference of references) {
    const object = objectOf(manifest, reference);
    objects.set(objectId(object), object);
    const found = findMaterial(manifest, reference, sources);
    if (found === 'NotPermitted') reportNotPermitted(report, manifest, reference, object);
    else if (!found) reportMissing(report, reference, object, found, sources.elsewhere);
    else {
      material[materialId(reference)] = found;
      checkKey(report, reference, object, found);
    }
  }
  return { material, objects: [...objects.values()] };
}

/** `namespace/Kind/name` */
export const objectId = ({ kind, namespace, name }: ObjectReference): string => `${namespace}/${kind}/${name}`;

function objectOf(manifest: Manifest, { kind, namespace, name }: MaterialReference): MaterialObject {
  return { kind, namespace: namespace ?? manifest.namespace, name };
}

/** Without a grant nothing is looked up, so that nobody learns what there is in another namespace. */
export function findMaterial(
  manifest: Manifest,
  reference: MaterialReference,
  sources: MaterialSources,
): Material | null | undefined | 'NotPermitted' {
  const object = objectOf(manifest, reference);
  if (!mayRefer(manifest, object, sources)) return 'NotPermitted';
  return sources.material(object.kind, object.namespace, object.name);
}

/** Whether the manifest may refer to the object: within one namespace always, else where a ReferenceGrant allows it. */
export function mayRefer(manifest: Manifest, object: ObjectReference, { granted }: MaterialSources): boolean {
  return object.namespace === manifest.namespace || granted(manifest, object);
}

type Place = Pick<Reference, 'path'>;

export function reportNotPermitted(
  report: Report,
  manifest: Manifest,
  { path }: Place,
  { kind, namespace, name }: ObjectReference,
): void {
  report.error(
    [...path, 'namespace'],
    `no ReferenceGrant in namespace ${namespace} allows it; add one there from group ${GROUP}, kind ${manifest.kind}, namespace ${manifest.namespace} to group "${groupOf(kind)}", kind ${kind}, name ${name}`,
    'RefNotPermitted',
  );
}

/** @param found null: it is defined twice */
export function reportMissing(
  report: Report,
  { path }: Place,
  { kind, namespace, name }: ObjectReference,
  found: null | undefined,
  elsewhere?: (name: string) => string | undefined,
): void {
  const object = `${kind} ${namespace}/${name}`;
  if (found === null) {
    report.error([...path, 'name'], `${object} is defined twice; remove one`, 'InvalidRef');
    return;
  }
  const other = elsewhere?.(name);
  const hint = other === undefined ? 'add it' : `there is ${other}; refer to its kind and namespace, or move it`;
  report.error([...path, 'name'], `there is no ${object}; ${hint}`, 'InvalidRef');
}

function checkKey(report: Report, { key, path }: Reference, object: ObjectReference, { data }: Material): void {
  if (key === undefined || Object.hasOwn(data, key)) return;
  const { kind, namespace, name } = object;
  const keys = Object.keys(data).join(', ');
  report.error([...path, 'key'], `${kind} ${namespace}/${name} has no key ${key}; its keys are ${keys}`, 'InvalidRef');
}
