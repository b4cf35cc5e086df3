/** What `explain` says: one line on each thing it looked at, in the order in which the receiver looks at them. */

import type { XmlIndex } from '../../xml/xml-index.ts';

export interface Finding {
  /** What was looked at, e.g. `Signature 1, reference #Body-1`. */
  readonly about: string;
  /** Undefined where there is nothing to be right or wrong about. */
  readonly ok?: boolean;
  /** What was found; names and algorithms, never a secret. */
  readonly detail: string;
  /** The likely cause, and what would mend it, when something is wrong. */
  readonly cause?: string;
}

/**
 * Runs a check and says how it went.
 *
 * @returns what the check returned; undefined when it threw
 */
export function attempt<Result>(
  findings: Finding[],
  about: string,
  check: () => Result,
  describe: (result: Result) => string,
  causeOf: (error: unknown) => string | undefined = () => undefined,
): Result | undefined {
  try {
    const result = check();
    findings.push({ about, ok: true, detail: describe(result) });
    return result;
  } catch (error) {
    const cause = causeOf(error);
    findings.push({ about, ok: false, detail: reasonOf(error), ...(cause !== undefined && { cause }) });
    return undefined;
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Where an element stands, e.g. `Envelope/Header/Security/Timestamp`. */
export function pathOf(index: XmlIndex, element: number): string {
  const names: string[] = [];
  for (let at = element; at !== -1; at = index.parent(at)) names.push(index.localName(at));
  return names.reverse().join('/');
}
