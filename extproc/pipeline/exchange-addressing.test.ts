/** Exchanges whose policy checks WS-Addressing headers, or answers with them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_TOKENS } from '../../test/support/no-tokens.ts';
import { compilePolicies, SOAP11_NAMESPACE, SPECS } from '../../test/support/policies.ts';
import type { MessageMeta } from './conditions.ts';
import { Exchange, type ExchangeServices } from './exchange.ts';
import type { Outcome } from './outcome.ts';
import { MemoryReplayCache } from './replay-cache.ts';
import { inlineRunner } from './runner.ts';

const WSA = 'http://www.w3.org/2005/08/addressing';
const checking = { addressing: {} };
const { policies } = compilePolicies({
  ...SPECS,
  checking: { request: { verify: checking } },
  answering: { response: { addressing: { action: 'urn:answer', relatesTo: 'Default' } } },
  hiding: {
    request: {
      addressing: { messageId: 'urn:hidden' },
      secure: {
        ...SPECS.encrypt.request.secure,
        encryption: { recipientRef: { name: 'gateway' }, parts: [{ part: 'Body' }, { header: { namespace: WSA } }] },
      },
    },
  },
  revealing: { request: SPECS.decrypt.request, response: { addressing: { relatesTo: 'Default' } } },
  both: {
    request: { addressing: { messageId: 'Default' } },
    response: { verify: { addressing: {} }, addressing: { relatesTo: 'Default' } },
  },
});

const services = (replay = new MemoryReplayCache()): ExchangeServices => ({
  ...NO_TOKENS,
  ...{ runner: inlineRunner, replay, now: Date.now, report: () => undefined },
});

function begin(policy: string, headers: Record<string, string> = {}, replay?: MemoryReplayCache): Exchange {
  const all = { 'content-type': 'text/xml', ...headers };
  const meta: MessageMeta = {
    ...{ method: 'POST', path: '/orders', host: 'shop.example' },
    headers: new Map(Object.entries(all).map(([name, value]) => [name, [value]])),
  };
  const compiled = policies.get(`shop/${policy}`);
  assert.ok(compiled, policy);
  return new Exchange(compiled, meta, 'id', services(replay));
}

function message(blocks: Record<string, string>): Buffer {
  const header = Object.entries(blocks).map(([name, value]) => `<a:${name}>${value}</a:${name}>`);
  return Buffer.from(
    `<s:Envelope xmlns:s="${SOAP11_NAMESPACE}" xmlns:a="${WSA}"><s:Header>${header.join('')}</s:Header>` +
      `<s:Body><o:Order xmlns:o="urn:shop"/></s:Body></s:Envelope>`,
  );
}

const here = () => false;
const ok = { status: 200, headers: new Map([['content-type', ['text/xml']]]) };
const codeOf = (outcome: Outcome) => (outcome.kind === 'refuse' ? outcome.code : outcome.kind);

function block(outcome: Outcome, name: string): string | undefined {
  assert.ok(outcome.kind === 'forward', JSON.stringify(outcome));
  return new RegExp(`<wsa:${name}[^>]*>([^<]*)<`).exec(Buffer.from(outcome.bytes ?? []).toString())?.[1];
}

test('the Action must be the SOAP action of the HTTP request', async () => {
  const verdict = (soapaction: string) =>
    begin('checking', { soapaction }).request(message({ MessageID: 'urn:1', Action: 'urn:order' }), here);
  assert.equal(codeOf(await verdict('"urn:order"')), 'pass');
  assert.equal(codeOf(await verdict('')), 'pass');
  assert.equal(codeOf(await verdict('"urn:cancel"')), 'ERR_WSS_ACTION_MISMATCH');
});

test('a MessageID must be there, and passes once', async () => {
  const replay = new MemoryReplayCache();
  const verdict = (blocks: Record<string, string>) =>
    begin('checking', {}, replay).request(message({ Action: 'urn:order', ...blocks }), here);
  assert.equal(codeOf(await verdict({})), 'ERR_WSS_MESSAGE_ID_MISSING');
  assert.equal(codeOf(await verdict({ MessageID: 'urn:1' })), 'pass');
  assert.equal(codeOf(await verdict({ MessageID: 'urn:1' })), 'ERR_WSS_REPLAYED');
});

test('an answer relates to the MessageID that the client sent, though nothing else looks at the request', async () => {
  const exchange = begin('answering');
  assert.equal(exchange.needsBody('request'), true);
  assert.equal(codeOf(await exchange.request(message({ MessageID: 'urn:client' }), here)), 'pass');
  assert.equal(block(await exchange.response(ok, message({}), here), 'RelatesTo'), 'urn:client');
});

test('also to one that came encrypted', async () => {
  const hidden = await begin('hiding').request(message({}), here);
  assert.ok(hidden.kind === 'forward');
  const bytes = Buffer.from(hidden.bytes ?? []);
  assert.ok(!bytes.includes('urn:hidden'));
  const exchange = begin('revealing');
  assert.equal(codeOf(await exchange.request(bytes, here)), 'forward');
  assert.equal(block(await exchange.response(ok, message({}), here), 'RelatesTo'), 'urn:hidden');
});

test("the backend's answer must relate to the MessageID that the request left with", async () => {
  const exchange = begin('both');
  const sent = block(await exchange.request(message({ MessageID: 'urn:client' }), here), 'MessageID');
  assert.match(sent ?? '', /^urn:uuid:/);
  const answer = (relatesTo: string) => {
    const next = begin('both');
    next.resume(exchange.state);
    const blocks = { MessageID: 'urn:answer', Action: 'urn:answered', RelatesTo: relatesTo };
    return next.response(ok, message(blocks), here);
  };
  assert.equal(codeOf(await answer('urn:client')), 'ERR_WSS_RELATES_TO_MISMATCH');
  assert.equal(block(await answer(sent ?? ''), 'RelatesTo'), 'urn:client');
});
