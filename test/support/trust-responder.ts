/** A small token service for tests: answers WS-Trust 1.3 on loopback as it is told to, well or badly. */

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const TRUST = 'http://docs.oasis-open.org/ws-sx/ws-trust/200512';
const WSU = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';
const SOAP = {
  '1.1': { namespace: 'http://schemas.xmlsoap.org/soap/envelope/', type: 'text/xml; charset=utf-8' },
  '1.2': { namespace: 'http://www.w3.org/2003/05/soap-envelope', type: 'application/soap+xml; charset=utf-8' },
};

export interface TrustQuestion {
  readonly operation: string;
  readonly soap: '1.1' | '1.2';
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface TrustReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Something else than a whole answer. */
type Misbehaviour = (response: ServerResponse) => void;

export class TrustResponder {
  readonly #server: Server;
  readonly url: string;
  readonly questions: TrustQuestion[] = [];
  /** Milliseconds from Created to Expires; absent: the answer has no Lifetime. */
  lifetime: number | undefined = 300_000;
  /** Milliseconds that its clock is ahead of ours. */
  ahead = 0;
  /** Whether Validate finds tokens valid. */
  valid = true;
  /** Says something else than what is right; undefined: what is right. */
  instead: (question: TrustQuestion) => TrustReply | Misbehaviour | undefined = () => undefined;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async start(port = 0): Promise<TrustResponder> {
    const server = createServer();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const responder = new TrustResponder(
      server,
      `http://127.0.0.1:${(server.address() as AddressInfo).port}/sts/tenant`,
    );
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', headers } = request;
        responder.#answer({ method, headers, body: Buffer.concat(chunks).toString() }, response);
      });
    });
    return responder;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #answer(request: Pick<TrustQuestion, 'method' | 'headers' | 'body'>, response: ServerResponse): void {
    const soap = request.body.includes(SOAP['1.1'].namespace) ? '1.1' : '1.2';
    const operation = /RequestType>[^<]*\/(\w+)</.exec(request.body)?.[1] ?? '';
    const question: TrustQuestion = { ...request, soap, operation };
    this.questions.push(question);
    const reply = this.instead(question) ?? this.right(question);
    if (typeof reply === 'function') return reply(response);
    response.writeHead(reply.status ?? 200, { 'content-type': SOAP[soap].type, ...reply.headers });
    response.end(reply.body);
  }

  right({ operation, soap }: TrustQuestion): TrustReply {
    const inner: Readonly<Record<string, string>> = {
      Validate: `<t:Status><t:Code>${TRUST}/status/${this.valid ? 'valid' : 'invalid'}</t:Code></t:Status>`,
      Cancel: '<t:RequestedTokenCancelled/>',
    };
    return { body: envelope(soap, response(inner[operation] ?? this.#token())) };
  }

  #token(): string {
    const created = Date.now() + this.ahead;
    const at = (milliseconds: number) => new Date(milliseconds).toISOString();
    const lifetime =
      this.lifetime === undefined
        ? ''
        : `<t:Lifetime xmlns:u="${WSU}"><u:Created>${at(created)}</u:Created>` +
          `<u:Expires>${at(created + this.lifetime)}</u:Expires></t:Lifetime>`;
    const id = `_${this.questions.length}`;
    const assertion = `<a:Assertion xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" ID="${id}" Version="2.0">secret</a:Assertion>`;
    return `<t:RequestedSecurityToken>${assertion}</t:RequestedSecurityToken>${lifetime}`;
  }
}

export function fault(soap: '1.1' | '1.2', code: string): TrustReply {
  const text = 'no: user warehouse at https://elsewhere.example/';
  const body =
    soap === '1.1'
      ? `<s:Fault><faultcode xmlns:t="${TRUST}">t:${code}</faultcode><faultstring>${text}</faultstring></s:Fault>`
      : `<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:t="${TRUST}">t:${code}</s:Value></s:Subcode>` +
        `</s:Code><s:Reason><s:Text xml:lang="en">${text}</s:Text></s:Reason></s:Fault>`;
  return { status: 500, body: envelope(soap, body) };
}

function response(inner: string): string {
  return `<t:RequestSecurityTokenResponse xmlns:t="${TRUST}">${inner}</t:RequestSecurityTokenResponse>`;
}

function envelope(soap: '1.1' | '1.2', body: string): string {
  return `<s:Envelope xmlns:s="${SOAP[soap].namespace}"><s:Body>${body}</s:Body></s:Envelope>`;
}
