/** Files and folders of Kubernetes YAML -> manifests that know where each of their fields stands. */

import { open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type YAMLError,
  type Document,
  type Node,
} from 'yaml';
import type { KubernetesObject } from './kubernetes.ts';
import type { Problem } from './problem.ts';
import { ownerOf, type ProblemOwner } from './report.ts';

export type FieldPath = readonly (string | number)[];

export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** The whole object. */
  readonly object: Readonly<Record<string, unknown>>;
  readonly file?: string;
  /** Where a field stands in the file, or the nearest thing around it that is there. */
  readonly locate?: (field: FieldPath) => Position | undefined;
  /** Why the object cannot be trusted although its name could be read. */
  readonly defect?: string;
}

export interface Loaded {
  readonly manifests: readonly Manifest[];
  readonly problems: readonly Problem[];
}

/** An object as an API server gives it, which stands in no file. */
export function manifestOf(object: KubernetesObject): Manifest {
  const { apiVersion, kind, metadata } = object;
  return { apiVersion, kind, namespace: metadata.namespace ?? 'default', name: metadata.name, object };
}

/** A Secret may hold 1 MiB; a file may hold a few. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;
const MAX_FILES = 2000;
const MAX_ALIASES = 100;

/**
 * Reads files, and of folders the files in them that end in .yaml, .yml or .json. Names that begin with a dot are left
 * out: among them the `..data` folders that Kubernetes puts behind the files of a mounted ConfigMap or Secret.
 * Folders in folders are not read. What cannot be read is a problem, not an exception.
 */
export async function load(paths: readonly string[]): Promise<Loaded> {
  const found = await Promise.all(paths.map(filesOf));
  const files = found.flatMap(({ files }) => files);
  const problems = found.flatMap(({ problems }) => problems);
  if (files.length > MAX_FILES) {
    const message = `${files.length} files are more than the ${MAX_FILES} that are read; split the folder`;
    return { manifests: [], problems: [...problems, unreadable(paths.join(' '), message)] };
  }
  const loaded = await Promise.all(files.map(loadFile));
  return {
    manifests: loaded.flatMap(({ manifests }) => manifests),
    problems: [...problems, ...loaded.flatMap(({ problems }) => problems)],
  };
}

async function filesOf(place: string): Promise<{ files: string[]; problems: Problem[] }> {
  try {
    if (!(await stat(place)).isDirectory()) return { files: [place], problems: [] };
    const names = (await readdir(place)).filter((name) => !name.startsWith('.') && /\.(ya?ml|json)$/.test(name));
    return { files: names.sort().map((name) => path.join(place, name)), problems: [] };
  } catch (error) {
    return { files: [], problems: [unreadable(place, reasonOf(error))] };
  }
}

async function loadFile(file: string): Promise<Loaded> {
  try {
    return parseManifests(await readBounded(file), file);
  } catch (error) {
    return { manifests: [], problems: [unreadable(file, reasonOf(error))] };
  }
}

/** Reads no more than the limit even of a file that grows meanwhile. */
async function readBounded(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    if (size > MAX_FILE_BYTES) throw new Error(`larger than ${MAX_FILE_BYTES} bytes; split it`);
    const bytes = Buffer.alloc(size);
    let length = 0;
    while (length < size) {
      const { bytesRead } = await handle.read(bytes, length, size - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length));
  } finally {
    await handle.close();
  }
}

/** Reads the documents of one file. */
export function parseManifests(text: string, file?: string): Loaded {
  const lines = new LineCounter();
  const manifests: Manifest[] = [];
  const problems: Problem[] = [];
  let documents: Document.Parsed[];
  try {
    const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
    documents = Array.isArray(parsed) ? parsed : [];
  } catch (error) {
    return { manifests, problems: [unreadable(file, reasonOf(error))] };
  }
  for (const document of documents) readDocument(document, lines, file, manifests, problems);
  return { manifests, problems };
}

function readDocument(
  document: Document.Parsed,
  lines: LineCounter,
  file: string | undefined,
  manifests: Manifest[],
  problems: Problem[],
): void {
  const locate = (field: FieldPath): Position | undefined => position(document, lines, field);
  const report = (message: string, at: Position | undefined, field = '', owner: ProblemOwner = {}): void => {
    problems.push({ ...unreadable(file, message), ...at, ...owner, field });
  };
  const error = document.errors[0] as YAMLError | undefined;
  const defect = error && `not valid YAML: ${error.message}`;
  const defectAt = error && linePosition(lines, error.pos[0]);
  let object: unknown;
  try {
    object = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    report(reasonOf(error), locate([]));
    return;
  }
  const { apiVersion, kind, metadata } = isObject(object) ? object : {};
  const { name, namespace = 'default' } = isObject(metadata) ? metadata : {};
  if (defect !== undefined) {
    const owner = ownerOf({ kind: String(kind), namespace: String(namespace), name: String(name) });
    report(defect, defectAt, '', owner);
  }
  if (!isObject(object)) {
    if (defect !== undefined || object === null || object === undefined) return;
    report('not a Kubernetes object: a mapping with apiVersion and kind is expected', locate([]));
    return;
  }
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') {
    if (defect === undefined) report('not a Kubernetes object: apiVersion and kind are missing', locate([]));
    return;
  }
  if (typeof name !== 'string' || name === '') {
    report(`this ${kind} has no metadata.name; give it one`, locate(['metadata']), 'metadata.name');
    return;
  }
  if (typeof namespace !== 'string' || namespace === '') {
    report(
      'metadata.namespace must be a text; leave it out for "default"',
      locate(['metadata', 'namespace']),
      'metadata.namespace',
    );
    return;
  }
  manifests.push({
    apiVersion,
    kind,
    name,
    namespace,
    object,
    locate,
    ...(file !== undefined && { file }),
    ...(defect !== undefined && { defect }),
  });
}

/** The place of the field's key, or of the item of a list. */
function position(document: Document.Parsed, lines: LineCounter, field: FieldPath): Position | undefined {
  let node: Node | null | undefined = document.contents;
  let offset = node?.range?.[0];
  for (const step of field) {
    const target: Node | null | undefined = isAlias(node) ? node.resolve(document) : node;
    if (isMap(target)) {
      const pair = target.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (pair === undefined) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value as Node | null;
    } else if (isSeq(target)) {
      node = target.items[Number(step)] as Node | undefined;
      offset = node?.range?.[0] ?? offset;
    } else break;
  }
  return offset === undefined ? undefined : linePosition(lines, offset);
}

function linePosition(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

function unreadable(file: string | undefined, message: string): Problem {
  return { severity: 'error', reason: 'Unreadable', ...(file !== undefined && { file }), field: '', message };
}

/** Never the content of a file, which may be a Secret. */
function reasonOf(error: unknown): string {
  if (error instanceof RangeError) return 'nested too deeply';
  if (error instanceof ReferenceError) return 'an alias refers to nothing, or there are too many of them';
  if (error instanceof TypeError) return 'not UTF-8';
  return error instanceof Error ? error.message : String(error);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
