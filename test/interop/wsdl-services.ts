/** Apache CXF on both sides of the WSDLs of a folder, as a child process. See cxf/src/WsdlMain.java for the other side. */

import { execFile, spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import { freePort } from '../../scripts/local/ports.ts';
import { implicit, sequence } from '../support/der-writer.ts';
import { createPki, extension, issue, type Identity } from '../support/pki.ts';
import { testKey } from '../support/test-keys.ts';
import { CA_PEM, USER } from './cxf.ts';
import { policyWsdl, type WsdlPolicies } from './policy-wsdl.ts';

const pki = createPki();
const LOCALHOST = extension('2.5.29.17', sequence(implicit(7, Buffer.from([127, 0, 0, 1]))));
const leaf = (name: string): Identity =>
  issue({
    subject: `CN=${name},O=Waxseal,C=DE`,
    key: testKey('rsa2048', `wsdl-${name}`),
    issuer: pki.intermediate,
    keyUsage: ['digitalSignature', 'keyEncipherment'],
    extensions: [LOCALHOST],
  });

/** The two ends of every WSDL. */
export const ENDS = { client: leaf('client'), service: leaf('service') };
/** A certificate and those that it hangs on. */
export const chainOf = ({ certificatePem }: Identity): string => certificatePem + pki.intermediate.certificatePem;

/** An order as a client sends it that knows nothing of security. */
export function plainOrder(
  item: string,
  soap: '1.1' | '1.2',
): { readonly headers: Readonly<Record<string, string>>; readonly body: string } {
  const [namespace, type] =
    soap === '1.1'
      ? ['http://schemas.xmlsoap.org/soap/envelope/', 'text/xml; charset=utf-8']
      : [
          'http://www.w3.org/2003/05/soap-envelope',
          'application/soap+xml; charset=utf-8; action="urn:example:orders:order"',
        ];
  return {
    headers: { 'content-type': type, ...(soap === '1.1' && { soapaction: '"urn:example:orders:order"' }) },
    body:
      `<soap:Envelope xmlns:soap="${namespace}"><soap:Body><o:order xmlns:o="urn:example:orders">` +
      `<o:item>${item}</o:item></o:order></soap:Body></soap:Envelope>`,
  };
}

export class WsdlServices {
  readonly port: number;
  readonly tlsPort: number;
  /** Where `NAME.wsdl` are. */
  readonly folder: string;
  readonly #catalog: Readonly<Record<string, WsdlPolicies>>;
  readonly #root: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;

  private constructor(
    catalog: Readonly<Record<string, WsdlPolicies>>,
    root: string,
    folder: string,
    ports: readonly [plain: number, tls: number],
    child: ChildProcessByStdio<Writable, Readable, null>,
    lines: Interface,
  ) {
    [this.#catalog, this.#root, this.folder, this.#child, this.#lines] = [catalog, root, folder, child, lines];
    [this.port, this.tlsPort] = ports;
  }

  /**
   * Builds the harness if need be, writes the WSDLs and starts a service for each.
   *
   * @param options `debug`: CXF's log goes to stderr
   */
  static async start(
    catalog: Readonly<Record<string, WsdlPolicies>>,
    options: { debug?: boolean } = {},
  ): Promise<WsdlServices> {
    const { stdout } = await promisify(execFile)(join(import.meta.dirname, '../../scripts/setup-java'));
    const classpath = stdout.trim().split('\n').at(-1) ?? '';
    const root = mkdtempSync(join(tmpdir(), 'waxseal-wsdl-'));
    const [keys, folder] = [join(root, 'keys'), join(root, 'wsdl')];
    mkdirSync(keys);
    mkdirSync(folder);
    for (const [name, identity] of Object.entries(ENDS)) {
      writeFileSync(join(keys, `${name}.crt`), chainOf(identity));
      writeFileSync(join(keys, `${name}.key`), identity.privateKeyPem, { mode: 0o600 });
    }
    writeFileSync(join(keys, 'ca.crt'), CA_PEM);
    for (const [name, policies] of Object.entries(catalog)) {
      writeFileSync(join(folder, `${name}.wsdl`), policyWsdl(policies));
    }
    const ports = [await freePort(), await freePort()] as const;
    const java = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xmx512m', `-Djava.io.tmpdir=${root}`];
    const log = options.debug ? [] : ['-Djava.util.logging.config.file=/dev/null'];
    const program = ['-cp', classpath, 'cxf.WsdlMain', keys, folder, ...ports.map(String), USER.name, USER.password];
    const child = spawn('java', [...java, ...log, '-Dfile.encoding=UTF-8', '-Dsun.jnu.encoding=UTF-8', ...program], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });
    const lines = createInterface(child.stdout);
    await new Promise<void>((resolve, reject) => {
      lines.once('line', () => resolve());
      child.once('exit', (code, signal) => reject(new Error(`CXF ended (${signal ?? `exit code ${code}`})`)));
    });
    return new WsdlServices(catalog, root, folder, ports, child, lines);
  }

  /** Where the service of a WSDL is. */
  url(name: string): string {
    return this.#catalog[name].tls
      ? `https://127.0.0.1:${this.tlsPort}/${name}`
      : `http://127.0.0.1:${this.port}/${name}`;
  }

  /**
   * Calls a service as its WSDL wants it, at an address that may be that of a proxy.
   *
   * @returns `ok RECEIPT`, or `failed` and why
   */
  call(name: string, url: string, item: string): Promise<string> {
    return this.#command(`call ${name} ${url} ${item}`);
  }

  /**
   * The same with that many octets, which the service is to give back inverted: `mtom` as the order itself, `attached`
   * beside the envelope.
   *
   * @returns `ok inverted`, or what is wrong
   */
  send(how: 'mtom' | 'attached', name: string, url: string, size: number): Promise<string> {
    return this.#command(`${how} ${name} ${url} ${size}`);
  }

  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.exitCode === null && this.#child.kill('SIGTERM')) await gone;
    this.#lines.close();
    rmSync(this.#root, { recursive: true, force: true });
  }

  #command(line: string): Promise<string> {
    const answer = new Promise<string>((resolve) => this.#lines.once('line', resolve));
    this.#child.stdin.write(`${line}\n`);
    return answer;
  }
}
