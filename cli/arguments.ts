/** Parsers of command line arguments that several commands share. */

import { InvalidArgumentError } from 'commander';
import { parseListenAddress } from '../extproc/envoy/listen-address.ts';

/** `host:port`, `[v6]:port` or `unix:/path`, as it was given. */
export function parseAddress(text: string): string {
  try {
    parseListenAddress(text);
    return text;
  } catch (error) {
    throw new InvalidArgumentError((error as TypeError).message);
  }
}

/** A whole number from 0. */
export function parseCount(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('a whole number is expected');
  return Number(text);
}
