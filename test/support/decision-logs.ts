/** Decision logs in folders of their own, and verdicts to put into them. */

import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { Registry } from 'prom-client';
import { auditFiles, type FileReport } from '../../extproc/decisions/audit.ts';
import { readCheckpointKey, readTrustedCheckpointKeys } from '../../extproc/decisions/checkpoint-key.ts';
import { DecisionLog, type DecisionLogOptions } from '../../extproc/decisions/decision-log.ts';
import type { Verdict } from '../../extproc/pipeline/verdict.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
export const LOG_KEY = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
export const LOG_TRUST = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const trusted = readTrustedCheckpointKeys(LOG_TRUST);

export function logFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'waxseal-decisions-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface OpenedLog {
  readonly log: DecisionLog;
  readonly registry: Registry;
  readonly warnings: string[];
}

export async function openLog(folder: string, options: Partial<DecisionLogOptions> = {}): Promise<OpenedLog> {
  const registry = new Registry();
  const warnings: string[] = [];
  const log = new DecisionLog({
    ...{ folder, chain: 'one', key: readCheckpointKey(LOG_KEY), maxSegmentBytes: 1e9, now: Date.now },
    ...{ onFailure: 'Refuse', checkpointInterval: 10_000, registry, onChange: () => undefined },
    onWarning: (text) => warnings.push(text),
    ...options,
  });
  await log.start();
  return { log, registry, warnings };
}

export function verdict(id: string): Verdict {
  return {
    ...{ policy: 'shop/orders', phase: 'request', correlationId: id, outcome: 'forwarded', bytesIn: 10, bytesOut: 20 },
    ...{ durations: {}, total: 1, legacyAlgorithms: [] },
    evidence: { generation: 3, version: 'v', receivedSha256: 'aa', sentSha256: 'bb' },
  };
}

export function logFiles(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  return names.sort().map((name) => path.join(folder, name));
}

export async function audit(files: readonly string[]): Promise<FileReport[]> {
  const reports: FileReport[] = [];
  for await (const report of auditFiles(files, trusted)) reports.push(report);
  return reports;
}

/** `line:kind` of everything that is wrong. */
export async function problemsOf(files: readonly string[]): Promise<string[]> {
  return (await audit(files)).flatMap(({ problems }) => problems.map(({ line, kind }) => `${line}:${kind}`));
}
