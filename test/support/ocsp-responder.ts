/** An OCSP responder on a port of this host: `openssl ocsp` answers, and HTTP is ours. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Certificate } from '../../extproc/keys/certificate.ts';
import type { Identity } from './pki.ts';

export interface ResponderOptions {
  /** Whose certificates it knows. */
  readonly issuer: Identity;
  /** Whose key signs. Default: the issuer's. */
  readonly signer?: Identity;
  /** Days until the next update; 0: it does not say. */
  readonly days?: number;
}

export class OcspResponder {
  readonly url: string;
  /** Requests, as they came. */
  readonly requests: Buffer[] = [];
  /** Decimal serial numbers. */
  readonly known = new Set<string>();
  readonly revoked = new Set<string>();
  /** What happens instead of an answer. */
  instead: ((request: Buffer) => Buffer | number) | undefined;
  options: ResponderOptions;
  readonly #server;
  readonly #directory = mkdtempSync(join(tmpdir(), 'waxseal-ocsp-'));

  private constructor(options: ResponderOptions, server: ReturnType<typeof createServer>) {
    this.options = options;
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ocsp`;
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const question = Buffer.concat(chunks);
        this.requests.push(question);
        const answer = this.instead?.(question) ?? this.answer(question);
        response.writeHead(typeof answer === 'number' ? answer : 200, { 'content-type': 'application/ocsp-response' });
        response.end(typeof answer === 'number' ? '' : answer);
      });
    });
  }

  /** @param options the certificates it knows are given to {@link knows} and {@link revokes} */
  static async start(options: ResponderOptions): Promise<OcspResponder> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new OcspResponder(options, server);
  }

  knows(...certificates: readonly Certificate[]): void {
    for (const { serialNumber } of certificates) this.known.add(serialNumber);
  }

  revokes(certificate: Certificate): void {
    this.revoked.add(certificate.serialNumber);
  }

  /** What OpenSSL says to a request. */
  answer(request: Buffer): Buffer {
    const { issuer, signer = issuer, days = 1 } = this.options;
    const file = (name: string, content: Buffer | string): string => {
      writeFileSync(join(this.#directory, name), content, { mode: 0o600 });
      return name;
    };
    const out = 'response.der';
    const args = [
      ...['ocsp', '-index', file('index.txt', this.#index()), '-CA', file('ca.pem', issuer.certificatePem)],
      ...['-rsigner', file('signer.pem', signer.certificatePem), '-rkey', file('signer.key', signer.privateKeyPem)],
      ...['-reqin', file('request.der', request), '-respout', out, ...(days > 0 ? ['-ndays', String(days)] : [])],
    ];
    execFileSync('openssl', args, { cwd: this.#directory, stdio: 'pipe' });
    return readFileSync(join(this.#directory, out));
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #index(): string {
    const line = (serial: string): string => {
      const hex = BigInt(serial).toString(16).toUpperCase();
      const number = hex.length % 2 === 0 ? hex : `0${hex}`;
      const end = '450101000000Z';
      return this.revoked.has(serial)
        ? `R\t${end}\t250101000000Z\t${number}\tunknown\t/CN=${serial}\n`
        : `V\t${end}\t\t${number}\tunknown\t/CN=${serial}\n`;
    };
    return [...new Set([...this.known, ...this.revoked])].map(line).join('');
  }
}
