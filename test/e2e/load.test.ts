/**
 * Many requests over many connections: not one status that is not explained. Envoy resets each ext_proc stream, which
 * HTTP/2 libraries take for an attack when there are many (CVE-2023-44487).
 * LOAD_REQUESTS sets how many; 20,000 unless told otherwise.
 */

import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { KEYS, content, envelope, policy } from './support/fixture.ts';
import { Gateway } from './support/gateway.ts';
import { send } from './support/http.ts';
import { Recorder } from './support/recorder.ts';

const REQUESTS = Number(process.env['LOAD_REQUESTS'] ?? 20_000);
const CONNECTIONS = 90;

describe('load', () => {
  let recorder: Recorder;
  let gateway: Gateway;
  before(async () => {
    recorder = await Recorder.start(({ body }) => ({ body }));
    gateway = await Gateway.start({
      files: {
        'keys.yaml': KEYS,
        'policy.yaml': [policy('stamped', { request: { secure: { timestamp: { ttl: '5m' } } } })],
      },
      policies: ['stamped'],
      backendPort: recorder.port,
    });
  });
  after(async () => {
    await gateway.stop();
    recorder.close();
  });

  test(`${REQUESTS} requests over ${CONNECTIONS} connections: every one is 200 and secured`, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
    const message = envelope(content(300));
    let good = 0;
    const odd: string[] = [];
    const start = performance.now();
    let left = REQUESTS;
    const client = async () => {
      while (left-- > 0) {
        const sent = performance.now();
        const outcome = await send(gateway.url('stamped'), message, { agent }).then(
          ({ status, text }) => `${status} ${text.includes('wsu:Timestamp') ? 'secured' : text.slice(0, 200)}`,
          (error: Error) => error.message,
        );
        const now = performance.now();
        if (outcome === '200 secured') good++;
        else odd.push(`${outcome}, after ${(now - sent).toFixed(0)} ms, at ${((now - start) / 1000).toFixed(1)} s`);
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, client));
    agent.destroy();
    assert.deepEqual(odd.slice(0, 100), [], `${odd.length} of ${REQUESTS}; log:\n${gateway.extproc.log.slice(-2000)}`);
    assert.equal(good, REQUESTS);
    assert.equal(recorder.count, REQUESTS);
  });
});
