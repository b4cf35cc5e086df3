/** Structured logs, one JSON line each. No bodies, no headers, no keys: what is not passed in cannot leak. */

import pino, { type DestinationStream, type Logger } from 'pino';
import type { Verdict } from '../pipeline/verdict.ts';

export type { Logger };
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Nothing is logged under these names today; should that change by mistake, the value stays out. */
const REDACTED = ['password', 'secret', 'key', 'token', 'authorization', 'cookie', 'body', 'bytes', 'headers'].flatMap(
  (name) => [name, `*.${name}`],
);

export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    redact: { paths: REDACTED, censor: '[redacted]' },
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** One line for each message that is, or in Audit mode would be, refused; others only at level debug. */
export function logVerdict(logger: Logger, verdict: Verdict): void {
  const { policy, phase, correlationId, outcome, failure, resent } = verdict;
  if (resent) logger.info({ correlationId, policy }, 'message sent again with another token');
  if (failure === undefined) {
    logger.debug({ correlationId, policy, phase, outcome }, 'message');
    return;
  }
  const { code, reason, kind } = failure;
  const fields = { correlationId, policy, phase, outcome, code, reason };
  if (kind === 'Internal') logger.error(fields, 'message refused');
  else logger.warn(fields, outcome === 'would_refuse' ? 'message would be refused' : 'message refused');
}
