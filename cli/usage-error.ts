/** The command cannot do what it was asked to; the text says why, and what to do about it. Exit status 2. */
export class UsageError extends Error {
  readonly code = 'ERR_USAGE';
}
