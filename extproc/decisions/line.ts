/**
 * One line of a decision log: a JSON object that says its place in the chain, `seq` and the hash of the line before
 * (`prev`), and ends with the hash of itself. Who changes a byte of a line breaks its hash; who makes a new hash breaks the
 * next line; and a checkpoint's signature covers every line before it.
 */

import { hash } from 'node:crypto';

/** What stands before the first line of a chain. */
export const CHAIN_START: ChainEnd = { seq: 0, hash: '0'.repeat(64) };
/** Longest line, in bytes; more is no line of ours. */
export const MAX_LINE_BYTES = 1024 * 1024;

/** How far a chain goes. */
export interface ChainEnd {
  readonly seq: number;
  /** SHA-256 in hexadecimal. */
  readonly hash: string;
}

/** What a line tells besides its place. */
export type LogRecord = SegmentRecord | ResumeRecord | DecisionRecord | GapRecord | CheckpointRecord;

interface Told {
  /** RFC 3339. */
  readonly time: string;
}
/** The first line of a file. */
export interface SegmentRecord extends Told {
  readonly type: 'segment';
  /** Name of the file, without folders. */
  readonly file: string;
  readonly chain: string;
  /** Counts the files of a chain from 1. */
  readonly segment: number;
  /** Of the process that writes from here on. */
  readonly instance: string;
  /** The file before could not be continued, and the chain begins anew. */
  readonly abandoned?: { readonly file: string; readonly line: number };
}
/** Another process goes on with a file. */
export interface ResumeRecord extends Told {
  readonly type: 'resume';
  readonly instance: string;
  /** The line before this one, which its writer could not finish; it does not count. */
  readonly torn?: { readonly bytes: number; readonly sha256: string };
}
export interface DecisionRecord extends Told {
  readonly type: 'decision';
  readonly [field: string]: unknown;
}
/** Decisions that could not be kept. */
export interface GapRecord extends Told {
  readonly type: 'gap';
  readonly lost: number;
  readonly from: string;
  readonly to: string;
}
export interface CheckpointRecord extends Told {
  readonly type: 'checkpoint';
  readonly algorithm: string;
  /** SHA-256 of the public key's SubjectPublicKeyInfo, in hexadecimal. */
  readonly key: string;
}

export interface Line {
  /** Without its line end. */
  readonly text: string;
  readonly end: ChainEnd;
}

/** @param sign for a checkpoint: base64 signature over what comes before it in the line */
export function formatLine(before: ChainEnd, record: LogRecord, sign?: (text: string) => string): Line {
  const seq = before.seq + 1;
  const open = JSON.stringify({ seq, prev: before.hash, ...record }).slice(0, -1);
  const whole = sign === undefined ? open : `${open},"signature":"${sign(open)}"`;
  const own = hash('sha256', whole);
  return { text: `${whole},"hash":"${own}"}`, end: { seq, hash: own } };
}

const OWN_HASH = /,"hash":"([0-9a-f]{64})"\}$/;
const SIGNATURE = /,"signature":"([A-Za-z0-9+/]{1,2048}={0,2})"$/;

export interface ParsedLine {
  readonly end: ChainEnd;
  readonly prev: string;
  /** False: the line does not hash to what it says. */
  readonly intact: boolean;
  /** Those of the line's place are in it, too. */
  readonly record: LogRecord;
  /** Of a checkpoint. */
  readonly signature?: { readonly over: string; readonly value: Buffer };
}

/** @returns undefined for what is no line of a decision log */
export function parseLine(text: string): ParsedLine | undefined {
  const own = OWN_HASH.exec(text)?.[1];
  if (own === undefined) return undefined;
  const whole = text.slice(0, -`,"hash":"${own}"}`.length);
  const fields = parseObject(text);
  if (fields === undefined) return undefined;
  const { seq, prev } = fields;
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || typeof prev !== 'string') return undefined;
  if (!isRecord(fields)) return undefined;
  const signature = SIGNATURE.exec(whole);
  return {
    ...{ end: { seq, hash: own }, prev, intact: hash('sha256', whole) === own, record: fields },
    ...(signature && {
      signature: { over: whole.slice(0, signature.index), value: Buffer.from(signature[1] ?? '', 'base64') },
    }),
  };
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const FIELDS: Readonly<Record<LogRecord['type'], Readonly<Record<string, string>>>> = {
  segment: { file: 'string', chain: 'string', segment: 'number', instance: 'string' },
  resume: { instance: 'string' },
  decision: {},
  gap: { lost: 'number', from: 'string', to: 'string' },
  checkpoint: { algorithm: 'string', key: 'string' },
};

function isRecord(record: Readonly<Record<string, unknown>>): record is LogRecord & Record<string, unknown> {
  const { type, time } = record;
  if (typeof type !== 'string' || !Object.hasOwn(FIELDS, type) || typeof time !== 'string') return false;
  return Object.entries(FIELDS[type as LogRecord['type']]).every(([name, kind]) => typeof record[name] === kind);
}
