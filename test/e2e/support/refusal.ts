/** What every refusal has in common. */

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { children, only, parse } from '../../../examples/demo/dom.ts';
import { SOAP11, SOAP12 } from '../../../examples/demo/names.ts';
import type { Gateway } from './gateway.ts';
import type { HttpAnswer } from './http.ts';
import type { Recorder } from './recorder.ts';

export interface Expected {
  readonly status: number;
  /** Of the log and the metrics; never shown to the client. */
  readonly code: string;
  readonly soap?: typeof SOAP11 | typeof SOAP12;
}

/** Sends, and checks: a SOAP Fault for the client, nothing for the backend, one log line, one count. */
export async function refused(
  gateway: Gateway,
  recorder: Recorder,
  call: () => Promise<HttpAnswer>,
  expected: Expected,
): Promise<HttpAnswer> {
  const { status, code, soap = SOAP11 } = expected;
  const counted = () => gateway.metric('waxseal_messages_total', { outcome: 'refused', reason: code });
  recorder.reset();
  const before = await counted();
  const answer = await call();
  assert.equal(answer.status, status, answer.text);
  assert.equal(recorder.count, 0, 'nothing may reach the backend');
  assert.ok(!answer.text.includes(code), 'the reason is not for the client');
  assertFault(answer, soap);

  const id = answer.headers['x-waxseal-correlation-id'];
  assert.ok(typeof id === 'string' && id !== '', 'the client gets a correlation id');
  assert.ok(answer.text.includes(id), 'the Fault shows it too');
  const lines = await logLinesOf(gateway, id);
  assert.equal(lines.length, 1, `one log line, not ${JSON.stringify(lines)}`);
  assert.ok(JSON.stringify(lines[0]).includes(code), `${code} in ${JSON.stringify(lines[0])}`);
  assert.equal(await counted(), before + 1, `one more message counted as ${code}`);
  return answer;
}

export function assertFault(answer: HttpAnswer, soap: string): void {
  const type = soap === SOAP12 ? 'application/soap+xml' : 'text/xml';
  assert.ok(answer.headers['content-type']?.startsWith(type), answer.headers['content-type']);
  const envelope = parse(answer.text);
  assert.equal(envelope.namespaceURI, soap, answer.text);
  assert.equal(children(only(envelope, soap, 'Body'), soap, 'Fault').length, 1, answer.text);
}

/** Log lines of one message; they pass through a pipe and may come a moment after the answer. */
async function logLinesOf(gateway: Gateway, id: string): Promise<Record<string, unknown>[]> {
  for (let patience = 0; patience < 50; patience++) {
    const lines = gateway.logLines().filter((line) => JSON.stringify(line).includes(id));
    if (lines.length > 0) {
      await sleep(20);
      return gateway.logLines().filter((line) => JSON.stringify(line).includes(id));
    }
    await sleep(20);
  }
  return [];
}
