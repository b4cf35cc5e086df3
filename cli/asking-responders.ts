/** Explanations for which OCSP responders have to be asked, as the data plane would ask them. */

import { Certificate } from '../extproc/keys/certificate.ts';
import { responderUrlOf } from '../extproc/keys/ocsp/identity.ts';
import { RevocationNeededError, type OcspQuestion, type OcspStatuses } from '../extproc/keys/ocsp/status.ts';
import { answers, ocspSource } from '../extproc/revocation/answering-runner.ts';
import type { Explanation, Finding } from '../extproc/wss/explain.ts';

/**
 * @param explain with what responders have said; each signature of a message is a reason to ask once
 * @returns the explanation, what was asked before it
 */
export async function askingResponders(explain: (revocation?: OcspStatuses) => Explanation): Promise<Explanation> {
  const ocsp = ocspSource();
  const asked: Finding[] = [];
  for (let revocation: OcspStatuses | undefined; ;) {
    try {
      const explanation = explain(revocation);
      return { ...explanation, findings: [...asked, ...explanation.findings] };
    } catch (error) {
      if (!(error instanceof RevocationNeededError)) throw error;
      revocation = await answers(error.questions, revocation, ocsp);
      for (const question of error.questions) asked.push(findingOf(question, revocation));
    }
  }
}

function findingOf({ key, certificate, settings }: OcspQuestion, statuses: OcspStatuses): Finding {
  const subject = Certificate.fromDer(certificate);
  const whom = settings.responderUrl ?? responderUrlOf(subject) ?? 'nobody, as the certificate names no responder';
  const { status, reason } = statuses.get(key) ?? { status: 'unavailable' };
  const says = reason === undefined ? status : `${status} (${reason})`;
  return { about: 'OCSP', detail: `asked ${whom} about ${subject.subject}: ${says}` };
}
