/**
 * Policies of a namespace as one file for another environment: a ZIP of manifests and an index of what they need there.
 * It never holds a Secret or ConfigMap, only their names.
 */

import { stringify } from 'yaml';
import type { KubernetesObject } from '../kubernetes.ts';
import { parseManifests } from '../load.ts';
import { formatProblem } from '../problem.ts';
import { GROUP, VERSION } from '../schema.ts';
import { referencesIn, type FieldReference } from './object-references.ts';
import { portable } from './portable.ts';
import { readZip, writeZip } from './zip.ts';

/** Of the archive's layout; another one is refused. */
const FORMAT = 1;
const INDEX = 'waxseal.json';

/** The kinds that an archive holds, and the folder of each. */
const FOLDERS: ReadonlyMap<string, string> = new Map([
  ['WSSecurityPolicy', 'wssecuritypolicies'],
  ['SecurityTokenService', 'securitytokenservices'],
]);

/** An object that objects of the archive refer to, and that is not in it. */
export interface NeededObject {
  readonly kind: FieldReference['kind'];
  readonly name: string;
  /** Absent: the namespace of the archive's objects. */
  readonly namespace?: string;
  /** What must be in a Secret or ConfigMap: the keys by name where they are known, else what the field takes. */
  readonly keys: readonly string[];
  /** `Kind/name` */
  readonly usedBy: readonly string[];
}

export interface Archive {
  /** Where the objects came from. */
  readonly namespace: string;
  /** Without a namespace. */
  readonly objects: readonly KubernetesObject[];
  readonly needs: readonly NeededObject[];
}

/** The file is no archive of policies; the message says why. */
export class ArchiveError extends Error {
  readonly code = 'ERR_ARCHIVE';

  override get name(): string {
    return 'ArchiveError';
  }
}

/** Whether objects of this kind belong in an archive. */
export function isArchived({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): boolean {
  return apiVersion === `${GROUP}/${VERSION}` && FOLDERS.has(kind);
}

/** `Kind/name` */
export function objectId({ kind, metadata }: KubernetesObject): string {
  return `${kind}/${metadata.name}`;
}

/**
 * @param namespace that the objects are of
 * @param objects as files or an API server give them, each of a kind that is archived
 */
export function makeArchive(namespace: string, objects: readonly KubernetesObject[]): Archive {
  const clean = objects
    .map((object) => portable(object, namespace))
    .sort((a, b) => (objectId(a) < objectId(b) ? -1 : 1));
  return { namespace, objects: clean, needs: neededBy(clean) };
}

/** What objects refer to and are not themselves, each once, in the order of their names. */
export function neededBy(objects: readonly KubernetesObject[]): NeededObject[] {
  const needed = new Map<string, { reference: FieldReference; keys: Set<string>; usedBy: Set<string> }>();
  const present = new Set(objects.map(objectId));
  for (const object of objects) {
    for (const reference of referencesIn(object['spec'])) {
      if (reference.namespace === undefined && present.has(`${reference.kind}/${reference.name}`)) continue;
      const id = `${reference.kind}/${reference.namespace ?? ''}/${reference.name}`;
      const entry = needed.get(id) ?? { reference, keys: new Set(), usedBy: new Set() };
      if (reference.kind !== 'SecurityTokenService') entry.keys.add(reference.key ?? contentOf(reference));
      entry.usedBy.add(objectId(object));
      needed.set(id, entry);
    }
  }
  return [...needed]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { reference, keys, usedBy }]) => ({
      ...{ kind: reference.kind, name: reference.name },
      ...(reference.namespace !== undefined && { namespace: reference.namespace }),
      ...{ keys: [...keys].sort(), usedBy: [...usedBy].sort() },
    }));
}

/** What a field takes of an object of which it names no key. */
function contentOf({ path }: FieldReference): string {
  const field = path.findLast((step) => typeof step === 'string');
  switch (field) {
    case 'keyRef':
    case 'keyRefs':
    case 'signingKeyRef':
      return 'tls.crt and tls.key, or keystore.p12 and password, or secret';
    case 'clientCertRef':
      return 'tls.crt and tls.key';
    case 'recipientRef':
      return 'tls.crt';
    case 'secretRef':
      return path[0] === 'credentials'
        ? 'username and password, tls.crt and tls.key, or authorization'
        : 'username and password';
    case 'wsdlRef':
      return 'service.wsdl';
    case 'secretRefs':
      return 'secret';
    case 'usersRef':
      return 'a password for each user name';
    case 'keytabRef':
      return 'keytab';
    default:
      return 'certificates or lists';
  }
}

export function writeArchive({ namespace, objects, needs }: Archive): Uint8Array {
  const index = { format: FORMAT, namespace, objects: objects.map(objectId), needs };
  const entries = new Map([[INDEX, Buffer.from(`${JSON.stringify(index, undefined, 2)}\n`)]]);
  for (const object of objects)
    entries.set(entryName(object), Buffer.from(stringify(object, { aliasDuplicateObjects: false })));
  return writeZip(entries);
}

function entryName({ kind, metadata }: KubernetesObject): string {
  return `${FOLDERS.get(kind) ?? ''}/${metadata.name}.yaml`;
}

const FOLDER_NAMES = [...FOLDERS.values()].join('|');
const ENTRY_NAME = new RegExp(`^(${FOLDER_NAMES})/([a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?\\.yaml)?$`);

/**
 * Reads what `writeArchive` wrote, or somebody packed again after a change.
 *
 * @throws ArchiveError, ZipError
 */
export function readArchive(bytes: Buffer): Archive {
  const entries = readZip(bytes, (name) => name === INDEX || ENTRY_NAME.test(name));
  const namespace = readIndex(entries.get(INDEX));
  entries.delete(INDEX);
  const objects = [...entries].map(([name, content]) => readObject(name, content));
  if (objects.length === 0) throw new ArchiveError('it holds no policy');
  return makeArchive(namespace, objects);
}

/** Of the index only what the manifests do not say: what they need is found in themselves. */
function readIndex(content: Buffer | undefined): string {
  let index: unknown;
  try {
    index = JSON.parse(content?.toString() ?? '');
  } catch {
    throw new ArchiveError(`it has no ${INDEX}, or one that is no JSON; it was not written by waxseal export`);
  }
  const { format, namespace } = (index ?? {}) as Record<string, unknown>;
  if (format !== FORMAT)
    throw new ArchiveError(
      `its format is ${JSON.stringify(format) ?? 'not said'}; this version reads format ${FORMAT}`,
    );
  if (typeof namespace !== 'string' || !isNamespace(namespace))
    throw new ArchiveError(`${INDEX} does not say the namespace`);
  return namespace;
}

function readObject(name: string, content: Buffer): KubernetesObject {
  const { manifests, problems } = parseManifests(decode(name, content), name);
  if (problems.length > 0) throw new ArchiveError(formatProblem(problems[0]));
  const [manifest, second] = manifests;
  if (manifest === undefined || second !== undefined) throw new ArchiveError(`${name} must hold one object`);
  const object = manifest.object as unknown as KubernetesObject;
  if (!isArchived(manifest) || entryName(object) !== name) {
    throw new ArchiveError(
      `${name} holds ${manifest.apiVersion} ${manifest.kind} ${manifest.name}, which does not belong there`,
    );
  }
  return object;
}

function decode(name: string, content: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw new ArchiveError(`${name} is not UTF-8`);
  }
}

/** A label of RFC 1123, as Kubernetes wants it. */
export function isNamespace(text: string): boolean {
  return /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text);
}

/** A name of RFC 1123, as Kubernetes wants those of most kinds. */
export function isObjectName(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text);
}
