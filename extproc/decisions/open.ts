/** Opens the decision log of a service. */

import { readFile } from 'node:fs/promises';
import type { Registry } from 'prom-client';
import type { Logger } from '../observe/log.ts';
import { readCheckpointKey } from './checkpoint-key.ts';
import { DecisionLog, type DecisionLogOptions } from './decision-log.ts';

export interface DecisionLogLocation extends Pick<
  DecisionLogOptions,
  'folder' | 'chain' | 'onFailure' | 'maxSegmentBytes' | 'checkpointInterval'
> {
  /** File with the private key for checkpoints, in PEM. */
  readonly keyFile: string;
}

export interface DecisionLogSurroundings {
  readonly logger: Logger;
  readonly registry: Registry;
  /** Whether messages are taken may have changed. */
  readonly onChange: () => void;
}

/** @throws CheckpointKeyError, ChainLockedError, or the system's error for a key file that cannot be read */
export async function openDecisionLog(
  { keyFile, ...location }: DecisionLogLocation,
  { logger, registry, onChange }: DecisionLogSurroundings,
): Promise<DecisionLog> {
  const log = new DecisionLog({
    ...{ ...location, registry, now: Date.now },
    key: readCheckpointKey(await readFile(keyFile, 'utf8')),
    onWarning: (text) => logger.error(text),
    onChange: (failure) => {
      if (failure) logger.error({ err: failure }, 'the decision log cannot be written');
      else logger.info('the decision log can be written again');
      onChange();
    },
  });
  await log.start();
  return log;
}
