/** The result of a conversion: manifests with comments, as YAML. */

import { Document, isMap, isScalar, isSeq, stringify, type Node, type Pair } from 'yaml';
import type { FieldPath, Manifest } from '../load.ts';
import { parseManifests } from '../load.ts';
import { parsePath } from '../report.ts';
import { resolve } from '../resolve.ts';
import { printable, type Finding, type Findings } from './finding.ts';

/** An object to be written, with its comments. */
export interface Draft {
  readonly object: Readonly<Record<string, unknown>>;
  readonly comments: readonly Comment[];
}

export interface Comment {
  /** Empty: on top of the document. */
  readonly at: FieldPath;
  readonly text: string;
}

/** An object that the user must make. */
export interface NeededObject {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  /** What to put there: keys and their values. */
  readonly what: string;
}

/** Metadata of a resource of ours. */
export interface Naming {
  readonly name: string;
  readonly namespace?: string;
}

export function resource(kind: string, { name, namespace }: Naming, spec: object): Record<string, unknown> {
  const metadata = { name, ...(namespace !== undefined && { namespace }) };
  return { apiVersion: 'waxseal.dev/v1alpha1', kind, metadata, spec };
}

/**
 * @param head lines for the top of the first document
 * @returns documents of YAML, each finding a comment at the place it speaks of
 */
export function toYaml(drafts: readonly Draft[], head: readonly string[]): string {
  return drafts
    .map(({ object, comments }, index) => {
      const document = new Document(object, { aliasDuplicateObjects: false });
      const top = index === 0 ? [...head] : [];
      for (const { at, text } of unique(comments)) {
        const node = keyAt(document, at);
        if (node === undefined) top.push(text);
        else node.commentBefore = [node.commentBefore, commentOf(text)].filter(Boolean).join('\n');
      }
      if (top.length > 0) document.commentBefore = top.map(commentOf).join('\n');
      return document.toString({ lineWidth: 0 });
    })
    .join('---\n');
}

function unique(comments: readonly Comment[]): Comment[] {
  const seen = new Set<string>();
  return comments.filter(({ at, text }) => {
    const key = JSON.stringify([at, text]);
    return !seen.has(key) && seen.add(key);
  });
}

/** Comments of errors begin with a word that one can search for. */
export function commentsOf(findings: readonly Finding[]): Comment[] {
  return findings.map(({ severity, subject, message, at = [] }) => ({
    at,
    text: `${severity === 'error' ? 'NOT EXPRESSED: ' : ''}${subject.startsWith('spec.') ? '' : `${subject}: `}${message}`,
  }));
}

function commentOf(text: string): string {
  return wrap(printable(text))
    .map((line) => ` ${line}`)
    .join('\n');
}

const WIDTH = 110;

function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length >= WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** The node before which a comment on a field stands: its key, or the item of the list. Undefined where there is no such field. */
function keyAt(document: Document, path: FieldPath): Node | undefined {
  let node: unknown = document.contents;
  let key: Node | undefined;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((each: Pair) => isScalar(each.key) && each.key.value === step);
      if (pair === undefined) return key;
      key = pair.key as Node;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      if (node === undefined) return key;
      key = node as Node;
    } else return key;
  }
  return key;
}

/** A manifest of Kubernetes as the text of a document of its own. */
export function secretTemplate({ name, namespace }: Naming, type: string, keys: readonly string[]): Draft {
  const stringData = Object.fromEntries(keys.map((key) => [key, 'REPLACE_ME']));
  const metadata = { name, ...(namespace !== undefined && { namespace }) };
  return {
    object: { apiVersion: 'v1', kind: 'Secret', metadata, type, stringData },
    comments: [
      { at: [], text: 'Put the real values here, and this file where only those may read it who may know them.' },
    ],
  };
}

/**
 * What `waxseal validate` would say of the result: errors are contradictions that the conversion has made, weak algorithms are worth
 * knowing. That the objects which the user must make are missing is no news.
 */
export function selfCheck(drafts: readonly Draft[], findings: Findings): void {
  const text = drafts.map(({ object }) => stringify(object)).join('---\n');
  const { manifests } = parseManifests(text);
  for (const { severity, reason, field, message } of resolve(withoutPlaces(manifests)).problems) {
    if (reason === 'InvalidRef' || reason === 'RefNotPermitted' || severity === 'note') continue;
    const subject = field === '' ? 'policy' : field;
    if (severity === 'error') findings.error('Invalid', subject, {}, message, parsePath(field));
    else findings.note('Weak', subject, {}, message, parsePath(field));
  }
}

/** Places in a text that nobody sees would mislead. */
function withoutPlaces(manifests: readonly Manifest[]): Manifest[] {
  return manifests.map(({ apiVersion, kind, namespace, name, object }) => ({
    apiVersion,
    kind,
    namespace,
    name,
    object,
  }));
}
