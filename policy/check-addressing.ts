/** WS-Addressing header blocks, those that are written and those that are demanded. */

import type { Addressing, VerifyAddressing, WSSecurityPolicySpec } from '../crds/types.ts';
import type { ResolvedVerify } from './bundle.ts';
import type { PhaseContext } from './check-policy.ts';
import { durationMs } from './duration.ts';
import type { FieldPath, Manifest } from './load.ts';
import type { Report } from './report.ts';

type WrittenAddressing = Omit<Addressing, 'mustUnderstand'>;
/** `{namespace}local`, or the local name alone. */
const QNAME = /^(\{[^{}]*\})?[\p{L}_][\p{L}\p{N}._-]*$/u;

/** `addressing` of a policy. */
export function checkAddressing(report: Report, addressing: Addressing, { phase }: PhaseContext): void {
  const at = ['addressing'];
  checkWritten(report, at, addressing);
  if (phase === 'request') {
    checkAnswersNothing(report, at, addressing);
    return;
  }
  for (const field of ['action', 'to'] as const) {
    if (addressing[field] !== 'Default') continue;
    report.error([...at, field], `Default is taken from the request, so a response needs the text itself`);
  }
}

/** `addressing` of a token service: of the request that asks for the token. */
export function checkRequestAddressing(report: Report, at: FieldPath, addressing: WrittenAddressing): void {
  checkWritten(report, at, addressing);
  checkAnswersNothing(report, at, addressing);
}

function checkWritten(report: Report, at: FieldPath, addressing: WrittenAddressing): void {
  const { version, action, to, messageId, replyTo, faultTo, from, relatesTo, relationshipType } = addressing;
  if (relationshipType !== undefined && relatesTo === undefined) {
    report.error([...at, 'relationshipType'], 'says how the message relates to that of relatesTo; add relatesTo');
  } else if (relationshipType !== undefined && version === '2004/08' && !QNAME.test(relationshipType)) {
    report.error(
      [...at, 'relationshipType'],
      'is a qualified name in version 2004/08; write it as {namespace}local, or use version "1.0" for a URI',
    );
  } else if ([action, to, messageId, replyTo, faultTo, from, relatesTo].every((value) => value === undefined)) {
    report.error(at, 'adds nothing; give it action, to, messageId, replyTo, faultTo, from or relatesTo');
  }
}

function checkAnswersNothing(report: Report, at: FieldPath, { relatesTo }: WrittenAddressing): void {
  if (relatesTo !== 'Default') return;
  report.error(
    [...at, 'relatesTo'],
    'Default is the MessageID of the request that a response answers; a request needs the text itself',
  );
}

/** `verify.addressing` of a policy. */
export function checkVerifyAddressing(
  report: Report,
  { addressing, replay }: ResolvedVerify,
  { phase, manifest }: PhaseContext,
): void {
  if (!addressing) return;
  const at = ['verify', 'addressing'];
  if (phase === 'request' && isWritten(manifest, 'relatesTo')) {
    report.error([...at, 'relatesTo'], 'a request answers no message; this belongs in response.verify.addressing');
  }
  if (durationMs(replay.window) === 0) {
    report.warning(
      ['verify', 'replay', 'window'],
      'with 0s no MessageID is remembered, so the same message passes again and again; write how long, such as 10m',
    );
  }
}

/** Whether the field stands in the text itself: after validation a default looks the same. */
function isWritten(manifest: Manifest, field: keyof VerifyAddressing): boolean {
  const { request } = manifest.object.spec as WSSecurityPolicySpec;
  return Object.hasOwn(request?.verify?.addressing ?? {}, field);
}
