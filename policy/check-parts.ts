import type { Part } from '../crds/types.ts';
import type { FieldPath } from './load.ts';
import type { Report } from './report.ts';

/** Which parts a list may name. */
export interface PartRules {
  /** For the sentence: "signed", "encrypted". */
  readonly what: 'signed' | 'encrypted';
  readonly parts: readonly NonNullable<Part['part']>[];
  /** The modes that may be given; the Body's are checked where they matter. */
  readonly modes: Readonly<Record<'part' | 'header' | 'element', readonly NonNullable<Part['mode']>[]>>;
}

/** Checks that the parts may stand in this list and none stands twice. */
export function checkParts(report: Report, at: FieldPath, parts: readonly Part[], rules: PartRules): void {
  const seen = new Set<string>();
  parts.forEach((part, index) => {
    const kind = part.part !== undefined ? 'part' : part.header !== undefined ? 'header' : 'element';
    if (part.part !== undefined && !rules.parts.includes(part.part)) {
      report.error(
        [...at, index, 'part'],
        `${part.part} cannot be ${rules.what}; the parts are ${rules.parts.join(', ')}`,
      );
    }
    const attachments = part.part === 'Attachments';
    if (attachments ? part.mode === 'Element' : part.mode === 'Complete') {
      report.error(
        [...at, index, 'mode'],
        'Attachments are protected as Content or Complete, and nothing else is Complete',
      );
    } else if (attachments) {
      // Both of its modes are fine.
    } else if (part.mode !== undefined && part.part !== 'Body' && !rules.modes[kind].includes(part.mode)) {
      report.error([...at, index, 'mode'], modeMessage(rules));
    }
    if (part.mode === 'Content' && part.part === 'Body' && rules.what === 'signed') {
      report.error([...at, index, 'mode'], modeMessage(rules));
    }
    const key = JSON.stringify([
      part.part,
      part.header?.namespace,
      part.header?.name,
      part.element?.namespace,
      part.element?.name,
    ]);
    if (seen.has(key)) report.error([...at, index], 'stands in the list twice; remove one');
    seen.add(key);
  });
}

function modeMessage({ what }: PartRules): string {
  return what === 'signed'
    ? 'a signature always covers the whole element; remove mode'
    : 'this part is always encrypted whole; use Element or remove mode';
}
