/**
 * Apache CXF as a child process: its token service over TLS, and a service that demands the tokens, over plain HTTP (TLS is
 * for the proxy in front of it). See cxf/src/Main.java for the other side.
 */

import { execFile, spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import { implicit, sequence } from '../support/der-writer.ts';
import { createPki, extension, issue, type Identity } from '../support/pki.ts';
import { testKey } from '../support/test-keys.ts';

export type SoapVersion = '1.1' | '1.2';

/**
 * How callers of the token service prove who they are. `username-digest` comes with a Timestamp, `username-text` without.
 * `x509`: a signature over Body and Timestamp, with a BinarySecurityToken; `x509-signed`: the same, and answers are signed;
 * `x509-encrypted`: they are also encrypted for the signer. `username-text-2005` speaks WS-Trust 2005-02, the others 1.3
 * and 1.4.
 */
export type Authentication =
  'username-text' | 'username-digest' | 'x509' | 'x509-signed' | 'x509-encrypted' | 'mtls' | 'username-text-2005';

/** What the demanding service demands, at `open` nothing; with `-silent` its Faults do not say why it refuses, which is CXF's default. */
export type Demand =
  'open' | 'bearer' | 'symmetric' | 'public' | 'bearer-silent' | 'symmetric-silent' | 'public-silent';

export type Operation = 'Issue' | 'Renew' | 'Validate' | 'Cancel';

/** What CXF counts since the last `reset`. */
export interface Counts {
  /** Requests that reached the token service, also those that it then refused. */
  readonly asked: number;
  /** Operations of the token service that passed its authentication. */
  readonly Issue: number;
  readonly Renew: number;
  readonly Validate: number;
  readonly Cancel: number;
  /** Requests that reached the demanding service. */
  readonly received: number;
  /** Those that it was content with. */
  readonly accepted: number;
  /** Different assertions that it has seen. */
  readonly tokens: number;
  /** Messages whose assertion had expired when it arrived. */
  readonly expired: number;
}

/** The one user that the token service knows. */
export const USER = { name: 'warehouse-clerk', password: 'pässword & <more>' };
/** AppliesTo of the demanding service: it takes no token for another audience. */
export const AUDIENCE = 'urn:example:orders';
/** `saml:Issuer` of the tokens. */
export const ISSUER = 'urn:example:sts';

const pki = createPki();
const LOOPBACK = Buffer.from([127, 0, 0, 1]);
const leaf = (name: string, extensions: readonly Buffer[] = []): Identity =>
  issue({
    subject: `CN=${name},O=Waxseal,C=DE`,
    key: testKey('rsa2048', `cxf-${name}`),
    issuer: pki.intermediate,
    keyUsage: ['digitalSignature', 'keyEncipherment'],
    extensions,
  });

/** Certificate authorities as PEM: they have issued all that is here, and the token service trusts what they have issued. */
export const CA_PEM = pki.ca.certificatePem + pki.intermediate.certificatePem;
/** What the two services have: TLS server, signer of tokens and answers, and the key that tokens' secrets are encrypted for. */
export const IDENTITIES = {
  tls: leaf('localhost', [
    extension('2.5.29.17', sequence(implicit(2, Buffer.from('localhost')), implicit(7, LOOPBACK))),
  ]),
  sts: leaf('sts'),
  service: leaf('service'),
};

const IMPOSTOR = issue({
  subject: 'CN=sts,O=Waxseal,C=DE',
  key: testKey('rsa2048', 'cxf-impostor'),
  issuer: pki.intermediate,
});

type Child = ChildProcessByStdio<Writable, Readable, null>;

interface Ports {
  readonly tokens: number;
  readonly orders: number;
}

export class Cxf {
  readonly ports: Ports;
  readonly #child: Child;
  readonly #lines: Interface;
  readonly #folder: string;
  readonly #waiting: PromiseWithResolvers<string>[] = [];

  private constructor(child: Child, lines: Interface, folder: string, ports: Ports) {
    this.#child = child;
    this.#lines = lines;
    this.#folder = folder;
    this.ports = ports;
    lines.on('line', (line) => this.#waiting.shift()?.resolve(line));
    child.once('exit', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('CXF has ended'));
    });
  }

  /**
   * Builds the harness if need be, starts it and waits until both services listen.
   *
   * @param options `ports`: those of an earlier start, to come back in its place; `impostor`: it signs tokens with another key, which
   * has the same name and is not what the demanding service of other starts trusts; `debug`: CXF's log goes to stderr
   */
  static async start(options: { ports?: Ports; impostor?: boolean; debug?: boolean } = {}): Promise<Cxf> {
    const { stdout } = await promisify(execFile)(join(import.meta.dirname, '../../scripts/setup-java'));
    const classpath = stdout.trim().split('\n').at(-1) ?? '';
    const folder = mkdtempSync(join(tmpdir(), 'waxseal-cxf-'));
    const identities = options.impostor ? { ...IDENTITIES, sts: IMPOSTOR } : IDENTITIES;
    for (const [name, { certificatePem, privateKeyPem }] of Object.entries(identities)) {
      writeFileSync(join(folder, `${name}.crt`), certificatePem + pki.intermediate.certificatePem);
      writeFileSync(join(folder, `${name}.key`), privateKeyPem, { mode: 0o600 });
    }
    writeFileSync(join(folder, 'ca.crt'), CA_PEM);
    const { tokens = 0, orders = 0 } = options.ports ?? {};
    const java = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xmx512m', `-Djava.io.tmpdir=${folder}`];
    const log = options.debug ? [] : ['-Djava.util.logging.config.file=/dev/null'];
    const program = ['-cp', classpath, 'cxf.Main', folder, String(tokens), String(orders), USER.name, USER.password];
    const child = spawn('java', [...java, ...log, '-Dfile.encoding=UTF-8', '-Dsun.jnu.encoding=UTF-8', ...program], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });
    const lines = createInterface(child.stdout);
    const first = await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      child.once('exit', (code, signal) => reject(new Error(`CXF ended (${signal ?? `exit code ${code}`})`)));
    });
    const [, tokenPort, orderPort] = first.split(' ').map(Number);
    return new Cxf(child, lines, folder, { tokens: tokenPort, orders: orderPort });
  }

  /** Address of the token service. */
  tokenUrl(authentication: Authentication, soap: SoapVersion = '1.2'): string {
    return `https://127.0.0.1:${this.ports.tokens}${path(soap, authentication)}`;
  }

  /** Path of the demanding service, whose host is `127.0.0.1` and whose port is `ports.orders`. */
  orderPath(demand: Demand, soap: SoapVersion = '1.1'): string {
    return path(soap, demand);
  }

  async counts(): Promise<Counts> {
    const pairs = (await this.#command('counts')).split(' ').filter((pair) => pair !== '');
    const counted = Object.fromEntries(
      pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), Number(pair.slice(pair.indexOf('=') + 1))]),
    );
    const none = {
      asked: 0,
      Issue: 0,
      Renew: 0,
      Validate: 0,
      Cancel: 0,
      received: 0,
      accepted: 0,
      tokens: 0,
      expired: 0,
    };
    return { ...none, ...counted };
  }

  /** Sets all counts to 0. */
  async reset(): Promise<void> {
    await this.#command('reset');
  }

  /** Makes an operation of the token service take longer. */
  async delay(operation: Operation, ms: number): Promise<void> {
    await this.#command(`delay ${operation} ${ms}`);
  }

  /** Makes an operation of the token service fail with this WS-Trust fault, such as `RequestFailed`. */
  async failWith(operation: Operation, fault: string): Promise<void> {
    await this.#command(`fail ${operation} ${fault}`);
  }

  /** Makes the token service answer everything with this HTTP status and no message. */
  async failWithStatus(status: number): Promise<void> {
    await this.#command(`fail http ${status}`);
  }

  /** Ends delays and failures. */
  async mend(): Promise<void> {
    await this.#command('mend');
  }

  /** The demanding service refuses every token that it has seen until now: wsse:FailedAuthentication. */
  async revoke(): Promise<void> {
    await this.#command('revoke');
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async close(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.exitCode === null && this.#child.signalCode === null && this.#child.kill(signal)) await gone;
    this.#lines.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #command(line: string): Promise<string> {
    this.#child.stdin.write(`${line}\n`);
    const answer = Promise.withResolvers<string>();
    this.#waiting.push(answer);
    return answer.promise;
  }
}

function path(soap: SoapVersion, name: string): string {
  return `/soap${soap === '1.1' ? '11' : '12'}/${name}`;
}
