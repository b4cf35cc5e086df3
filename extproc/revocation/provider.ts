/**
 * What OCSP responders say, for all policies of a process: each is asked once at a time for a certificate, its answer is
 * kept while it counts, and asked for anew before it ends.
 */

import { createHash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Certificate } from '../keys/certificate.ts';
import { certificateId, responderUrlOf } from '../keys/ocsp/identity.ts';
import { MAX_RESPONSE_BYTES, readAnswer, writeRequest } from '../keys/ocsp/message.ts';
import type { OcspQuestion, OcspStatus } from '../keys/ocsp/status.ts';

const MAX_KEPT = 4096;
/** Questions on their way at a time; more are unavailable at once. */
const MAX_UNDER_WAY = 64;
/** Milliseconds for which a responder that did not answer is not asked again. */
const FAILURE_LIFE = 10_000;
/** An answer is never kept for longer, whatever it says. */
const MAX_LIFE = 24 * 3600_000;
/** The part of its life after which an answer is asked for anew, while it still counts. */
const REFRESH_AFTER = 0.75;
/** Milliseconds for which whoever got an answer that is due for renewal uses it. */
const DUE_LIFE = 30_000;
const NONCE_BYTES = 32;

/** Sends one question. @returns the body of the answer @throws when there is none in time */
export type OcspTransport = (url: string, request: Buffer, timeout: number) => Promise<Buffer>;

/**
 * Hears of each question that was put.
 *
 * @param milliseconds until the answer was read and judged, or failed to come
 */
export type OcspReport = (result: OcspStatus['status'], milliseconds: number) => void;

interface Kept {
  readonly status: OcspStatus;
  /** Milliseconds since 1970 from when it is asked for anew. */
  readonly refreshAt: number;
}

export class OcspProvider {
  readonly #kept = new LRUCache<string, Kept>({ max: MAX_KEPT });
  readonly #underWay = new Map<string, Promise<OcspStatus>>();
  readonly #send: OcspTransport;
  readonly #now: () => number;
  readonly #report: OcspReport;

  /** @param now milliseconds since 1970 */
  constructor(report: OcspReport = () => undefined, send: OcspTransport = sendByHttp, now: () => number = Date.now) {
    this.#report = report;
    this.#send = send;
    this.#now = now;
  }

  /** Never rejects: that there is no answer is one. */
  async statusOf(question: OcspQuestion): Promise<OcspStatus> {
    const key = keyOf(question);
    const kept = this.#kept.get(key);
    const now = this.#now();
    if (kept === undefined || now >= kept.status.until) return this.#ask(key, question, now);
    if (now < kept.refreshAt) return { ...kept.status, until: kept.refreshAt };
    void this.#ask(key, question, now);
    return { ...kept.status, until: Math.min(kept.status.until, now + DUE_LIFE) };
  }

  #ask(key: string, question: OcspQuestion, now: number): Promise<OcspStatus> {
    const already = this.#underWay.get(key);
    if (already !== undefined) return already;
    if (this.#underWay.size >= MAX_UNDER_WAY) {
      return Promise.resolve(unavailable('too many questions to OCSP responders are under way', now));
    }
    const begun = performance.now();
    const asked = this.#exchange(question)
      .catch((error: unknown) => unavailable(error instanceof Error ? error.message : String(error), this.#now()))
      .then((status) => {
        this.#report(status.status, performance.now() - begun);
        return this.#keep(key, status);
      })
      .finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, asked);
    return asked;
  }

  async #exchange({ certificate, issuer, settings }: OcspQuestion): Promise<OcspStatus> {
    const subject = Certificate.fromDer(certificate);
    const authority = Certificate.fromDer(issuer);
    const url = settings.responderUrl ?? responderUrlOf(subject);
    if (url === undefined) throw new Error('the certificate names no OCSP responder; give the policy a responderUrl');
    const id = certificateId(subject, authority);
    const nonce = settings.nonce ? randomBytes(NONCE_BYTES) : undefined;
    const response = await this.#send(url, writeRequest(id, nonce), settings.timeout);
    const now = this.#now();
    const { status, until } = readAnswer(response, {
      ...{ id, issuer: authority, now, clockSkew: settings.clockSkew },
      ...(nonce && { nonce }),
      responders: settings.responders.map((der) => Certificate.fromDer(der)),
    });
    return { status, until: Math.min(Math.max(until, now + DUE_LIFE), now + MAX_LIFE) };
  }

  /** A failure does not put an answer away that still counts. */
  #keep(key: string, status: OcspStatus): OcspStatus {
    const now = this.#now();
    const before = this.#kept.get(key);
    if (status.status === 'unavailable' && before !== undefined && now < before.status.until) {
      this.#kept.set(key, { ...before, refreshAt: now + FAILURE_LIFE });
      return before.status;
    }
    const refreshAt = status.status === 'unavailable' ? status.until : now + (status.until - now) * REFRESH_AFTER;
    this.#kept.set(key, { status, refreshAt });
    return { ...status, until: refreshAt };
  }
}

const unavailable = (reason: string, now: number): OcspStatus => ({
  ...({ status: 'unavailable', until: now + FAILURE_LIFE } as const),
  reason,
});

/** An answer counts for the policies only that ask the same way. */
function keyOf({ key, settings: { responderUrl = '', responders, nonce, clockSkew } }: OcspQuestion): string {
  const hash = createHash('sha256').update(`${responderUrl}\n${nonce}\n${clockSkew}\n`);
  for (const responder of responders) hash.update(createHash('sha256').update(responder).digest());
  return `${key} ${hash.digest('base64')}`;
}

/** RFC 6960 appendix A.1. A connection of its own: a question is rare, and nothing is left open behind it. */
async function sendByHttp(url: string, request: Buffer, timeout: number): Promise<Buffer> {
  const { HttpClient } = await import('../sts/http-client.ts');
  const client = new HttpClient({ connections: 1, connectTimeout: timeout });
  try {
    const headers = { 'content-type': 'application/ocsp-request', accept: 'application/ocsp-response' };
    const answer = await client.request({
      ...({ url, method: 'POST', headers, body: request, timeout, maxBytes: MAX_RESPONSE_BYTES } as const),
    });
    if (answer.status !== 200) throw new Error(`the OCSP responder answered with HTTP status ${answer.status}`);
    return answer.body;
  } catch (error) {
    throw new Error(`the OCSP responder cannot be asked: ${(error as Error).message}`, { cause: error });
  } finally {
    await client.close();
  }
}
