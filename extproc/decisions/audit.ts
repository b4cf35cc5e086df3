/** Whether files of a decision log are as they were written, and whose signatures say so. */

import path from 'node:path';
import { ChainReader, type ChainProblem } from './chain-reader.ts';
import { isCheckpointGenuine, type TrustedCheckpointKeys } from './checkpoint-key.ts';
import { CHAIN_START, parseLine, type ChainEnd, type ParsedLine, type SegmentRecord } from './line.ts';
import { readLines } from './read-lines.ts';

export interface FileReport {
  readonly file: string;
  /** Absent: the file does not begin as one of a decision log. */
  readonly chain?: string;
  readonly segment?: number;
  readonly lines: number;
  readonly decisions: number;
  /** That the log says could not be kept. */
  readonly lost: number;
  /** Number of the line up to which a checkpoint's signature vouches; 0: none does. */
  readonly signedTo: number;
  /** Of the last line. */
  readonly end?: ChainEnd;
  /** In the order of lines. */
  readonly problems: readonly ChainProblem[];
  /** That are not problems. */
  readonly notes: readonly string[];
}

/** Problems of a file that are told one by one. */
const MAX_PROBLEMS = 100;

/**
 * Reads files as a stream, those of a chain one after the other.
 *
 * @param keys that checkpoints may be signed with
 * @param onProgress called now and then with a file and the number of its lines so far
 * @throws the system's error for a file that cannot be read
 */
export async function* auditFiles(
  files: readonly string[],
  keys: TrustedCheckpointKeys,
  onProgress: (file: string, lines: number) => void = () => undefined,
): AsyncGenerator<FileReport> {
  const opened = await Promise.all(files.map(async (file) => ({ file, head: await readHead(file) })));
  const sorted = opened.sort(
    (a, b) => compare(a.head?.chain ?? '', b.head?.chain ?? '') || (a.head?.segment ?? 0) - (b.head?.segment ?? 0),
  );
  let before: { readonly chain: string; readonly segment: number; readonly end: ChainEnd | undefined } | undefined;
  for (const { file, head } of sorted) {
    const previous = head !== undefined && before?.chain === head.chain ? before : undefined;
    const report = await auditFile(file, head, previous, keys, onProgress);
    yield report;
    before = head && { ...head, end: report.end };
  }
}

async function readHead(file: string): Promise<SegmentRecord | undefined> {
  for await (const { bytes } of readLines(file)) {
    const record = parseLine(bytes.toString())?.record;
    return record?.type === 'segment' ? record : undefined;
  }
  return undefined;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

async function auditFile(
  file: string,
  head: SegmentRecord | undefined,
  previous: { readonly segment: number; readonly end: ChainEnd | undefined } | undefined,
  keys: TrustedCheckpointKeys,
  onProgress: (file: string, lines: number) => void,
): Promise<FileReport> {
  const begin = beginning(file, head, previous);
  const reader = new ChainReader(begin.before);
  const problems = [...begin.problems];
  let [decisions, lost, signedTo] = [0, 0, 0];
  for await (const raw of readLines(file)) {
    const { parsed, problems: found } = reader.read(raw);
    const forged = parsed?.record.type === 'checkpoint' ? checkSignature(parsed, keys, reader.line, signedTo) : [];
    problems.push(...found, ...forged);
    const record = parsed?.record;
    if (record?.type === 'checkpoint' && forged.length === 0) signedTo = reader.line;
    else if (record?.type === 'decision') decisions++;
    else if (record?.type === 'gap') lost += record.lost;
    if (reader.line % PROGRESS_LINES === 0) onProgress(file, reader.line);
  }
  problems.push(...reader.finish());
  if (signedTo === 0)
    problems.push({ line: reader.line, kind: 'forged', message: 'no checkpoint vouches for the file' });
  const notes = [...begin.notes];
  if (signedTo < reader.line) {
    notes.push(
      `lines ${signedTo + 1} to ${reader.line} come after the last checkpoint: no signature vouches for them yet`,
    );
  }
  if (problems.length > MAX_PROBLEMS) notes.push(`${problems.length - MAX_PROBLEMS} more problems are not told`);
  return {
    ...{ file, lines: reader.line, decisions, lost, signedTo, problems: problems.slice(0, MAX_PROBLEMS), notes },
    ...(head && { chain: head.chain, segment: head.segment }),
    ...(reader.end && { end: reader.end }),
  };
}

const PROGRESS_LINES = 100_000;

interface Beginning {
  /** What the first line has to follow. */
  readonly before: ChainEnd | undefined;
  readonly problems: readonly ChainProblem[];
  readonly notes: readonly string[];
}

function beginning(
  file: string,
  head: SegmentRecord | undefined,
  previous: { readonly segment: number; readonly end: ChainEnd | undefined } | undefined,
): Beginning {
  const problems: ChainProblem[] = [];
  const notes: string[] = [];
  const say = (kind: ChainProblem['kind'], message: string) => problems.push({ line: 1, kind, message });
  if (head === undefined) {
    say('altered', 'it is not the first line of a decision log');
    return { before: undefined, problems, notes };
  }
  const { segment, abandoned } = head;
  if (head.file !== path.basename(file)) say('altered', `it is of a file named ${JSON.stringify(head.file)}`);
  if (abandoned) {
    say('abandoned', `the chain begins anew: line ${abandoned.line} of ${abandoned.file} was not as it was written`);
    return { before: CHAIN_START, problems, notes };
  }
  if (segment === 1) return { before: CHAIN_START, problems, notes };
  if (previous === undefined) notes.push(`the files of the chain before number ${segment} were not given`);
  else if (previous.segment === segment - 1) return { before: previous.end, problems, notes };
  else say('removed', `the files of the chain between number ${previous.segment} and ${segment} are missing`);
  return { before: undefined, problems, notes };
}

function checkSignature(
  { record, signature, intact }: ParsedLine,
  keys: TrustedCheckpointKeys,
  line: number,
  signedTo: number,
): ChainProblem[] {
  if (record.type !== 'checkpoint' || !intact) return [];
  const key = keys.get(record.key);
  if (key === undefined)
    return [{ line, kind: 'forged', message: `its key ${record.key} is not among the trusted ones` }];
  if (signature && isCheckpointGenuine(key, record.algorithm, signature.over, signature.value)) return [];
  const message = `its signature does not hold: something after line ${signedTo} is not as it was written`;
  return [{ line, kind: 'forged', message }];
}
