/** A child process that sends the same request again and again over kept connections. Spoken to over IPC. */

import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';

export interface Load {
  readonly port: number;
  /** File of the body. */
  readonly file: string;
  readonly connections: number;
  readonly milliseconds: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly wall: number;
  readonly p50: number;
  readonly p99: number;
  /** How often each status came, 0 for a connection that broke. */
  readonly statuses: Readonly<Record<string, number>>;
}

process.on('message', (load: Load) => {
  void run(load).then((result) => process.send?.(result));
});

async function run({ port, file, connections, milliseconds }: Load): Promise<LoadResult> {
  const body = readFileSync(file);
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const durations: number[] = [];
  const statuses: Record<string, number> = {};
  const begin = performance.now();
  const loop = async () => {
    while (performance.now() < begin + milliseconds) {
      const before = performance.now();
      const status = await send(agent, port, body);
      durations.push(performance.now() - before);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, loop));
  const wall = performance.now() - begin;
  agent.destroy();
  durations.sort((a, b) => a - b);
  const at = (share: number) => durations[Math.min(durations.length - 1, Math.floor(durations.length * share))];
  return { requests: durations.length, wall, p50: at(0.5), p99: at(0.99), statuses };
}

function send(agent: Agent, port: number, body: Buffer): Promise<number> {
  const headers = {
    'content-type': 'text/xml; charset=utf-8',
    'content-length': body.length,
    soapaction: '"urn:example:Order"',
  };
  return new Promise((resolve) => {
    const outgoing = request(
      { agent, port, host: '127.0.0.1', method: 'POST', path: '/orders', headers },
      (incoming) => {
        incoming.resume();
        incoming.on('end', () => resolve(incoming.statusCode ?? 0));
        incoming.on('error', () => resolve(0));
      },
    );
    outgoing.on('error', () => resolve(0));
    outgoing.end(body);
  });
}
