/**
 * Claims out of the metadata that Envoy's `jwt_authn` filter leaves: under its namespace a google.protobuf.Struct with the
 * claims of each token, by a name that its configuration gives. Only the claims that are asked for are looked for; nothing
 * recurses, and nothing else is decoded.
 */

import { JWT_NAMESPACE } from '../../policy/attach/connection-attributes.ts';
import { AssertionSubjectError } from '../pipeline/errors.ts';
import { ProtobufReader } from './protobuf.ts';

/** Fields of google.protobuf.Value. */
const NUMBER = 2;
const TEXT = 3;
const BOOLEAN = 4;
const STRUCT = 5;
const LIST = 6;
/** Names in a claim's name. */
const MAX_DEPTH = 8;
/** Values of one claim. */
const MAX_VALUES = 256;

/**
 * @param metadata `envoy.config.core.v3.Metadata`
 * @param names each of a claim, or of a claim within others, with dots between
 * @returns the texts, numbers and booleans of each claim that is there, as texts
 * @throws ProtobufError for bytes that are no metadata
 * @throws AssertionSubjectError when two tokens have the claim, so that nobody knows whose it is
 */
export function jwtClaims(metadata: Buffer, names: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const namespace = mapEntry(new ProtobufReader(metadata), JWT_NAMESPACE);
  if (namespace === undefined) return found;
  const tokens = structsIn(namespace);
  for (const name of names) {
    const values = tokens.flatMap((token) => {
      const value = claimOf(token, name);
      return value === undefined ? [] : [valuesOf(value, name)];
    });
    if (values.length > 1) throw new AssertionSubjectError(`two JWTs have the claim ${name}`);
    if (values.length === 1) found.set(name, values[0]);
  }
  return found;
}

/** Each Struct that is the value of a field of this one. */
function structsIn(struct: Buffer): Buffer[] {
  const reader = new ProtobufReader(struct);
  const found: Buffer[] = [];
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip();
      continue;
    }
    const value = fieldOf(reader.bytes(), 2);
    const inner = value && fieldOf(value, STRUCT);
    if (inner !== undefined) found.push(inner);
  }
  return found;
}

/** The google.protobuf.Value of a claim: one that has this very name, or one within others. */
function claimOf(token: Buffer, name: string): Buffer | undefined {
  const whole = mapEntry(new ProtobufReader(token), name);
  if (whole !== undefined) return whole;
  const path = name.split('.');
  if (path.length > MAX_DEPTH) return undefined;
  let value: Buffer | undefined;
  let struct: Buffer | undefined = token;
  for (const step of path) {
    if (struct === undefined) return undefined;
    value = mapEntry(new ProtobufReader(struct), step);
    struct = value && fieldOf(value, STRUCT);
  }
  return value;
}

function valuesOf(value: Buffer, name: string): string[] {
  const list = fieldOf(value, LIST);
  if (list === undefined) return scalar(value);
  const reader = new ProtobufReader(list);
  const values: string[] = [];
  while (reader.next()) {
    if (reader.field === 1) values.push(...scalar(reader.bytes()));
    else reader.skip();
    if (values.length > MAX_VALUES) throw new AssertionSubjectError(`the claim ${name} has too many values`);
  }
  return values;
}

/** Empty for null, a list and a Struct. */
function scalar(value: Buffer): string[] {
  const reader = new ProtobufReader(value);
  let text: string | undefined;
  while (reader.next()) {
    if (reader.field === TEXT) text = reader.string();
    else if (reader.field === NUMBER) text = String(reader.double());
    else if (reader.field === BOOLEAN) text = String(reader.uint() !== 0);
    else reader.skip();
  }
  return text === undefined ? [] : [text];
}

/** The value under a key of a map in field 1, as a message. */
function mapEntry(reader: ProtobufReader, key: string): Buffer | undefined {
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip();
      continue;
    }
    const entry = reader.bytes();
    const name = fieldOf(entry, 1)?.toString() ?? '';
    if (name === key) return fieldOf(entry, 2);
  }
  return undefined;
}

/** The last occurrence of a length-delimited field. */
function fieldOf(message: Buffer, field: number): Buffer | undefined {
  const reader = new ProtobufReader(message);
  let found: Buffer | undefined;
  while (reader.next()) {
    if (reader.field === field) found = reader.bytes();
    else reader.skip();
  }
  return found;
}
