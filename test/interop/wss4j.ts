/**
 * Apache WSS4J as a child process: one Java virtual machine for many requests. See wss4j/src/Main.java for the other side.
 */

import { execFile, spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import type { Identity, Pki } from '../support/pki.ts';

/** WSS4J's two engines, and Apache Santuario alone for signatures whose key both sides know by name. */
export type Wss4jEngine = 'dom' | 'stax' | 'xmldsig';

/** Named values, neither with a line end. */
export type Fields = Readonly<Record<string, string>>;

export interface Answer {
  readonly fields: Fields;
  readonly payload: Buffer;
}

/** What WSS4J said when it refused. */
export class Wss4jError extends Error {}

/** The name of the shared secret that {@link Wss4j.start} hands to the other side, and its value. */
export const SECRET = { name: 'shared-secret', value: Buffer.from('a secret of thirty-two octets :-)') };
export const USER = { name: 'alice', password: 'pässword & <more>' };

interface Waiting {
  resolve(answer: Answer): void;
  reject(reason: Error): void;
}

/** One Java process. Requests are answered in the order in which they are made. */
export class Wss4j {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #directory: string;
  readonly #waiting: Waiting[] = [];
  #chunks: Buffer[] = [];
  #buffered = 0;

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>, directory: string) {
    this.#child = child;
    this.#directory = directory;
    child.stdout.on('data', (chunk: Buffer) => this.#receive(chunk));
    child.on('exit', (code, signal) => {
      const reason = new Error(`WSS4J ended (${signal ?? `exit code ${code}`})`);
      for (const waiting of this.#waiting.splice(0)) waiting.reject(reason);
    });
  }

  /**
   * Builds the harness if need be and starts it.
   *
   * @param pki the keys that it shall know, under the names that `Pki` gives them
   * @param options `conscrypt`: use that native crypto provider; `heap`: as for `java -Xmx`
   */
  static async start(pki: Pki, options: { conscrypt?: boolean; heap?: string } = {}): Promise<Wss4j> {
    const setup = join(import.meta.dirname, '../../scripts/setup-java');
    const { stdout } = await promisify(execFile)(setup, options.conscrypt ? ['--conscrypt'] : []);
    const classpath = stdout.trim().split('\n').at(-1) ?? '';
    const directory = mkdtempSync(join(tmpdir(), 'waxseal-wss4j-'));
    const java = ['-XX:+UseSerialGC', `-Xmx${options.heap ?? '1g'}`, `-Djava.io.tmpdir=${directory}`];
    const program = ['-cp', classpath, 'Main', ...(options.conscrypt ? ['conscrypt'] : [])];
    const child = spawn('java', [...java, '-Djava.util.logging.config.file=/dev/null', ...program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const wss4j = new Wss4j(child, directory);
    await wss4j.#handOver(pki);
    return wss4j;
  }

  /** Process id of the Java virtual machine. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /**
   * Sends one request.
   *
   * @throws Wss4jError with the chain of Java exceptions, when WSS4J refuses
   */
  call(op: string, fields: Fields, payload: Buffer = Buffer.alloc(0)): Promise<Answer> {
    const header = Buffer.from(
      Object.entries({ op, ...fields })
        .map(([key, value]) => `${key}=${value}\n`)
        .join(''),
    );
    const lengths = [Buffer.alloc(4), Buffer.alloc(4)];
    lengths[0].writeUInt32BE(header.length);
    lengths[1].writeUInt32BE(payload.length);
    this.#child.stdin.write(Buffer.concat([lengths[0], header, lengths[1], payload]));
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** The canonical form of a message without its WS-Security: equal for messages that say the same. */
  async normalize(message: Buffer): Promise<string> {
    return (await this.call('normalize', {}, message)).payload.toString();
  }

  close(): void {
    this.#child.stdin.end();
    this.#child.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #handOver(pki: Pki): Promise<void> {
    const chainEnd = pki.intermediate.certificatePem + pki.ca.certificatePem;
    const identities = Object.entries(pki) as [string, Identity][];
    for (const [name, identity] of identities) {
      const certificate = this.#file(`${name}.crt`, identity.certificatePem);
      if (name === 'ca' || name === 'intermediate') await this.call('trust', { name, certificate });
      else if (name !== 'untrusted') {
        const chain = this.#file(`${name}-chain.crt`, identity.certificatePem + chainEnd);
        await this.call('key', { name, key: this.#file(`${name}.key`, identity.privateKeyPem), chain });
      }
    }
    await this.call('user', USER);
    await this.call('secret', { name: SECRET.name, value: SECRET.value.toString('base64') });
  }

  #file(name: string, text: string): string {
    const path = join(this.#directory, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    for (let answer = this.#take(); answer !== undefined; answer = this.#take()) {
      const waiting = this.#waiting.shift();
      if (answer.fields['ok'] === 'true') waiting?.resolve(answer);
      else waiting?.reject(new Wss4jError(answer.fields['error']));
    }
  }

  /** Takes one whole answer off the bytes that have come; undefined when there is none yet. */
  #take(): Answer | undefined {
    const header = this.#lengthAt(0);
    const payload = header === undefined ? undefined : this.#lengthAt(4 + header);
    if (header === undefined || payload === undefined || this.#buffered < 8 + header + payload) return undefined;
    const all = Buffer.concat(this.#chunks);
    const end = 8 + header + payload;
    this.#chunks = [all.subarray(end)];
    this.#buffered = all.length - end;
    const lines = all
      .toString('utf8', 4, 4 + header)
      .split('\n')
      .slice(0, -1);
    const pairs = lines.map((line): [string, string] => {
      const equals = line.indexOf('=');
      return [line.slice(0, equals), line.slice(equals + 1)];
    });
    return { fields: Object.fromEntries(pairs), payload: all.subarray(8 + header, end) };
  }

  #lengthAt(offset: number): number | undefined {
    if (this.#buffered < offset + 4) return undefined;
    if (this.#chunks.length > 1 && this.#chunks[0].length < offset + 4) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0].readUInt32BE(offset);
  }
}
