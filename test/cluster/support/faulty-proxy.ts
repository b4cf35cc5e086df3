/** A way to the API server on which anything can go wrong. */

import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import type { TestCluster } from '../../../scripts/local/kubernetes/cluster.ts';

export class FaultyProxy {
  /** Path of a kubeconfig whose way to the API server leads through here. */
  readonly kubeconfig: string;
  /** Watches that were begun, each with the resourceVersion that it was to begin from. */
  readonly watches: string[] = [];
  /** Lists that were asked for, each with its URL. */
  readonly lists: string[] = [];
  /** Sees what the API server sends. */
  onData: (chunk: Buffer) => void = () => undefined;
  /** Answered with this status instead of being handed on. */
  status: number | undefined;
  readonly #server: Server;
  readonly #upstream: string;
  readonly #agent: Agent;
  readonly #sockets = new Set<Socket>();
  readonly #open = new Set<ServerResponse>();
  #frozen = false;

  private constructor(server: Server, upstream: string, ca: Buffer, kubeconfig: string) {
    this.#server = server;
    this.#upstream = upstream;
    this.#agent = new Agent({ ca });
    this.kubeconfig = kubeconfig;
    server.on('request', (incoming, response) => this.#handle(incoming, response));
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(cluster: TestCluster): Promise<FaultyProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const config = JSON.parse(await readFile(cluster.kubeconfig, 'utf8')) as { clusters: { cluster: object }[] };
    const way = { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true };
    for (const entry of config.clusters) entry.cluster = way;
    const kubeconfig = join(cluster.folder, `faulty-${port}.kubeconfig`);
    await writeFile(kubeconfig, JSON.stringify(config), { mode: 0o600 });
    return new FaultyProxy(server, cluster.server, await readFile(cluster.caFile), kubeconfig);
  }

  /** Answers under way: with nothing else to do, the open watches. */
  get open(): number {
    return this.#open.size;
  }

  /** Connections stay open and nothing comes through any more, as when a network breaks without a word. */
  freeze(): void {
    this.#frozen = true;
  }

  /** New connections work again; the frozen ones stay silent for ever. */
  thaw(): void {
    this.#frozen = false;
    for (const response of this.#open) response.emit('frozen');
  }

  /** Breaks all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Writes the text into every answer that is under way. */
  inject(text: string): void {
    for (const response of this.#open) response.write(text);
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    this.#agent.destroy();
    await once(this.#server, 'close');
  }

  #handle(incoming: IncomingMessage, response: ServerResponse): void {
    const { url = '', method, headers } = incoming;
    const query = new URL(url, this.#upstream).searchParams;
    if (query.has('watch')) this.watches.push(query.get('resourceVersion') ?? '');
    else if (method === 'GET') this.lists.push(url);
    if (this.#frozen) return;
    if (this.status !== undefined) {
      response.writeHead(this.status).end('no');
      return;
    }
    let silent = false;
    response.once('frozen', () => (silent = true));
    const upstream = request(this.#upstream + url, { method, headers, agent: this.#agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      response.flushHeaders();
      this.#open.add(response);
      answer.on('data', (chunk: Buffer) => {
        silent ||= this.#frozen;
        this.onData(chunk);
        if (!silent) response.write(chunk);
      });
      const end = (): void => {
        if (!silent && !this.#frozen) response.end();
      };
      answer.once('end', end);
      answer.once('error', end);
    });
    upstream.once('error', () => response.destroy());
    response.once('close', () => {
      this.#open.delete(response);
      upstream.destroy();
    });
    incoming.pipe(upstream);
  }
}
