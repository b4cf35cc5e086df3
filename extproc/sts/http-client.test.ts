import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createPlainServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer, type ServerOptions } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import tls, { type TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { createPki, issue, type Identity } from '../../test/support/pki.ts';
import { testKey } from '../../test/support/test-keys.ts';
import {
  TokenAnswerError,
  TokenBudgetError,
  TokenServiceTimeoutError,
  TokenServiceUnreachableError,
} from './errors.ts';
import { HttpClient, type HttpClientOptions, type HttpRequest } from './http-client.ts';

const pki = createPki();
const named = (name: string): Identity =>
  issue({
    subject: `CN=${name},O=Waxseal`,
    key: testKey('ec256', `server-${name}`),
    issuer: pki.intermediate,
    dnsNames: [name],
  });
const localhost = named('localhost');
const chain = (identity: Identity) => identity.certificatePem + pki.intermediate.certificatePem;
const serverTls = (identity: Identity = localhost): ServerOptions => ({
  cert: chain(identity),
  key: identity.privateKeyPem,
});

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

/** @returns its port */
async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function https(listener: RequestListener, tls: ServerOptions = serverTls()): Promise<string> {
  return `https://localhost:${await listen(createServer(tls, listener))}/sts?tenant=acme`;
}

function client(options: HttpClientOptions = { ca: pki.ca.certificatePem }): HttpClient {
  const made = new HttpClient(options);
  cleanUp.push(() => made.close());
  return made;
}

const ask = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  ...{ url, method: 'POST', headers: { 'content-type': 'text/xml' }, body: '<question/>', timeout: 5000 },
  ...more,
});

/** Whatever it is, it tells nothing of where it was sent or what was in it. */
function tellsNothing(error: Error): void {
  const told = `${error.name} ${error.message} ${inspect(error).split('\n    at ', 1)[0]}`;
  assert.doesNotMatch(told, /localhost|127\.0\.0\.1|::1|:\d{4}|sts|tenant|acme|elsewhere|secret|question|\/\//);
}

/** @param type the class of `errors.ts` that it must be */
async function refused(answer: Promise<unknown>, type: new (...args: never[]) => Error, text?: RegExp): Promise<void> {
  await assert.rejects(answer, (error: Error) => {
    assert.ok(error instanceof type, `${error.name}: ${error.message}`);
    if (text !== undefined) assert.match(error.message, text);
    // The name of the class may say "Service".
    tellsNothing(error);
    return true;
  });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

test('a request goes out as it is given, and the answer comes back whole', async () => {
  const url = await https((request, response) => {
    void bodyOf(request).then((body) => {
      response.writeHead(202, [
        ...['Content-Type', 'text/xml', 'X-Twice', 'a', 'x-twice', 'b'],
        ...['X-Seen', `${request.method} ${request.url} ${String(request.headers['x-own'])} ${body}`],
        ...['X-Encoding', String(request.headers['accept-encoding'])],
      ]);
      response.end(Buffer.from([0, 255, 10]));
    });
  });
  const headers = { 'X-Own': 'mine', 'Accept-Encoding': 'gzip' };
  const { status, headers: received, body } = await client().request(ask(url, { headers }));
  assert.equal(status, 202);
  assert.deepEqual(received.get('content-type'), ['text/xml']);
  assert.deepEqual(received.get('x-twice'), ['a', 'b']);
  assert.deepEqual(received.get('x-seen'), ['POST /sts?tenant=acme mine <question/>']);
  assert.deepEqual(received.get('x-encoding'), ['identity']);
  assert.deepEqual(body, Buffer.from([0, 255, 10]));
});

test('plain HTTP and GET', async () => {
  const port = await listen(createPlainServer((request, response) => response.end(request.method)));
  const url = `http://127.0.0.1:${port}/`;
  const { body } = await client().request(ask(url, { method: 'GET', body: undefined }));
  assert.equal(body.toString(), 'GET');
});

test('a header called __proto__ is one like any other', async () => {
  const url = await https((_request, response) => {
    response.writeHead(200, ['__proto__', 'polluted', 'constructor', 'x']);
    response.end();
  });
  const { headers } = await client().request(ask(url));
  assert.deepEqual(headers.get('__proto__'), ['polluted']);
});

test('connections are kept', async () => {
  const url = await https((request, response) => response.end(String(request.socket.remotePort)));
  const http = client();
  const ports = new Set<string>();
  for (let i = 0; i < 8; i++) ports.add((await http.request(ask(url))).body.toString());
  // One may still be busy with its last answer when the next request goes out.
  assert.ok(ports.size <= 2, String(ports.size));
});

test('there are no more connections than may be', async () => {
  let open = 0;
  let most = 0;
  const url = await https((_request, response) => {
    most = Math.max(most, ++open);
    setTimeout(() => {
      open--;
      response.end();
    }, 20);
  });
  const http = client({ ca: pki.ca.certificatePem, connections: 2 });
  await Promise.all(Array.from({ length: 6 }, () => http.request(ask(url))));
  assert.equal(most, 2);
});

test('a server whose certificate is from another authority is refused', async () => {
  const url = await https((_request, response) => response.end());
  await refused(
    client({ ca: pki.untrusted.certificatePem }).request(ask(url)),
    TokenServiceUnreachableError,
    /\(UNABLE_TO|\(SELF_SIGNED/,
  );
  await refused(client({}).request(ask(url)), TokenServiceUnreachableError, /\(UNABLE_TO|\(SELF_SIGNED/);
});

test('a server with the certificate of another name is refused', async () => {
  const url = await https((_request, response) => response.end(), serverTls(named('elsewhere.example')));
  await refused(client().request(ask(url)), TokenServiceUnreachableError, /\(ERR_TLS_CERT_ALTNAME_INVALID\)/);
});

test('a Host header does not change the name that the server must prove', async () => {
  const url = await https((_request, response) => response.end(), serverTls(named('elsewhere.example')));
  const headers = { host: 'elsewhere.example' };
  await refused(client().request(ask(url, { headers })), TokenServiceUnreachableError, /ALTNAME/);

  const other = await https((request, response) => response.end(request.headers.host));
  const { body } = await client().request(ask(other, { headers }));
  assert.equal(body.toString(), 'elsewhere.example', 'though it is sent');
});

test('NODE_TLS_REJECT_UNAUTHORIZED is of no account', async () => {
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  cleanUp.push(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED);
  const url = await https((_request, response) => response.end());
  await refused(client({}).request(ask(url)), TokenServiceUnreachableError);
});

test('proxies that the environment names are not used', async () => {
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy', 'ALL_PROXY']) {
    process.env[name] = 'http://127.0.0.1:1';
    cleanUp.push(() => delete process.env[name]);
  }
  const url = await https((_request, response) => response.end('direct'));
  assert.equal((await client().request(ask(url))).body.toString(), 'direct');
});

test('a server that speaks nothing newer than TLS 1.1 is refused, whatever else of the process takes', async () => {
  const { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS } = tls;
  cleanUp.push(() => Object.assign(tls, { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS }));
  Object.assign(tls, { DEFAULT_MIN_VERSION: 'TLSv1', DEFAULT_CIPHERS: 'DEFAULT@SECLEVEL=0' });
  const url = await https((_request, response) => response.end(), { ...serverTls(), maxVersion: 'TLSv1.1' });
  await refused(client().request(ask(url)), TokenServiceUnreachableError);
});

test('HTTP/1.1 also with a server that would rather speak HTTP/2', async () => {
  const server = createSecureServer({ ...serverTls(), allowHTTP1: true }, (request, response) => {
    response.end(request.httpVersion);
  });
  const url = `https://localhost:${await listen(server)}/`;
  assert.equal((await client().request(ask(url))).body.toString(), '1.1');
});

test('we show our certificate and prove that it is ours', async () => {
  const mutual = { ...serverTls(), ca: pki.ca.certificatePem, requestCert: true, rejectUnauthorized: true };
  const url = await https((request, response) => {
    response.end((request.socket as TLSSocket).getPeerCertificate().subject.CN);
  }, mutual);
  const certificates = chain(pki.signer);
  const withOurs = client({ ca: pki.ca.certificatePem, client: { certificates, key: pki.signer.key } });
  assert.equal((await withOurs.request(ask(url))).body.toString(), 'signer');
  await refused(client().request(ask(url)), TokenServiceUnreachableError);
});

test('a redirect is not followed', async () => {
  let asked = 0;
  const url = await https((_request, response) => {
    asked++;
    response.writeHead(307, { location: '/elsewhere' }).end();
  });
  assert.equal((await client().request(ask(url))).status, 307);
  assert.equal(asked, 1);
});

test('nobody listens', async () => {
  const server = createTcpServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  await refused(
    client().request(ask(`https://localhost:${port}/sts`)),
    TokenServiceUnreachableError,
    /\(ECONNREFUSED\)/,
  );
});

test('a name that does not exist', async () => {
  await refused(client().request(ask('https://elsewhere.invalid/sts')), TokenServiceUnreachableError);
});

test('a server that accepts and says nothing', { timeout: 20_000 }, async () => {
  const port = await listen(createTcpServer());
  const patient = client({ ca: pki.ca.certificatePem, connectTimeout: 60_000 });
  const answer = patient.request(ask(`https://localhost:${port}/sts`, { timeout: 60 }));
  await refused(answer, TokenServiceTimeoutError);
});

test('a server that takes the request and says nothing', async () => {
  const url = await https(() => {});
  await refused(client().request(ask(url, { timeout: 100 })), TokenServiceTimeoutError);
});

test('a server that sends a byte now and then runs out of time all the same', async () => {
  const url = await https((_request, response) => {
    const timer = setInterval(() => response.write('<'), 10);
    response.on('close', () => clearInterval(timer));
  });
  await refused(client().request(ask(url, { timeout: 150 })), TokenServiceTimeoutError);
});

test('a server that sends its head a byte at a time as well', async () => {
  const port = await listen(
    createTcpServer((socket) => {
      const bytes = [...('HTTP/1.1 200 OK\r\nX-Long: ' + 'a'.repeat(1000))];
      const timer = setInterval(() => socket.write(bytes.shift() ?? 'a'), 5);
      socket.on('close', () => clearInterval(timer)).on('error', () => {});
    }),
  );
  await refused(client().request(ask(`http://127.0.0.1:${port}/`, { timeout: 150 })), TokenServiceTimeoutError);
});

test('who asked gives up', async () => {
  const url = await https(() => {});
  const control = new AbortController();
  const http = client();
  const answer = http.request(ask(url, { signal: control.signal }));
  setTimeout(() => control.abort(), 30);
  await refused(answer, TokenBudgetError);
  await refused(http.request(ask(url, { signal: control.signal })), TokenBudgetError);
});

test('a connection that breaks before the answer, in its head, and in its body', async () => {
  for (const beginning of [
    '',
    'HTTP/1.1 200 OK\r\nContent-Le',
    'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<half',
  ]) {
    const server = createTcpServer((socket) => {
      socket.once('data', () => socket.end(beginning));
    });
    const url = `http://127.0.0.1:${await listen(server)}/sts`;
    await refused(client().request(ask(url)), TokenServiceUnreachableError);
  }
});

test('a server that answers with something else than HTTP', async () => {
  const port = await listen(
    createTcpServer((socket) => {
      socket.once('data', () => socket.end('220 elsewhere ESMTP secret\r\n'));
    }),
  );
  await refused(client().request(ask(`http://127.0.0.1:${port}/sts`)), TokenAnswerError, /none of HTTP/);
});

test('a body that is too large, whether it says so or not', async () => {
  const large = Buffer.alloc(2000, 'a');
  const url = await https((request, response) => {
    if (request.headers['x-framing'] === 'length') response.setHeader('content-length', large.length);
    response.write(large.subarray(0, 1200));
    setTimeout(() => response.end(large.subarray(1200)), 10);
  });
  const http = client();
  for (const framing of ['length', 'chunks']) {
    const headers = { 'x-framing': framing };
    await refused(http.request(ask(url, { headers, maxBytes: 1999 })), TokenAnswerError, /larger than 1999 bytes/);
    assert.equal((await http.request(ask(url, { headers, maxBytes: 2000 }))).body.length, 2000);
  }
});

test('the connection of an answer that is not read to its end is closed', { timeout: 20_000 }, async () => {
  const bad: Record<string, string>[] = [{ 'content-length': '5000000' }, { 'content-encoding': 'gzip' }];
  for (const headers of bad) {
    let closed: Promise<unknown> | undefined;
    const url = await https((_request, response) => {
      closed = once(response, 'close');
      response.writeHead(200, headers).write('beginning');
    });
    await refused(client().request(ask(url)), TokenAnswerError);
    await closed;
  }
});

test('an endless body is not read on', async () => {
  let sent = 0;
  const url = await https((_request, response) => {
    const more = () => {
      if (response.destroyed) return;
      sent += 65536;
      if (response.write(Buffer.alloc(65536))) setImmediate(more);
      else response.once('drain', more);
    };
    more();
  });
  await refused(client().request(ask(url)), TokenAnswerError, /larger than 1048576 bytes/);
  assert.ok(sent < 16 * 1024 * 1024, String(sent));
});

test('a head that is too large', async () => {
  const url = await https((_request, response) => {
    response.writeHead(200, { 'x-large': 'a'.repeat(20_000) }).end();
  });
  await refused(client().request(ask(url)), TokenAnswerError, /\(UND_ERR_HEADERS_OVERFLOW\)/);
});

test('a compressed answer is refused and not unpacked', async () => {
  const bomb = gzipSync(Buffer.alloc(1_000_000));
  const url = await https((_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
  });
  await refused(client().request(ask(url)), TokenAnswerError, /compressed/);
  const plain = await https((_request, response) => {
    response.writeHead(200, { 'content-encoding': 'Identity' }).end('plain');
  });
  assert.equal((await client().request(ask(plain))).body.toString(), 'plain');
});

test('a request that is none of HTTP is a mistake of ours, and its text is not told', async () => {
  const url = await https((_request, response) => response.end());
  await refused(
    client().request(ask(url, { headers: { authorization: 'a\r\nsecret' } })),
    TypeError,
    /UND_ERR_INVALID_ARG/,
  );
});

test('what is under way when the client is closed fails', async () => {
  const url = await https(() => {});
  const http = client();
  const answer = http.request(ask(url));
  setTimeout(() => void http.close(), 30);
  await refused(answer, TokenServiceUnreachableError);
  await refused(http.request(ask(url)), TokenServiceUnreachableError);
});

test('what is still connecting when the client is closed ends as well', { timeout: 20_000 }, async () => {
  const server = createTcpServer();
  const port = await listen(server);
  const http = client({ ca: pki.ca.certificatePem, connectTimeout: 60_000 });
  const answer = http.request(ask(`https://localhost:${port}/sts`));
  const [socket] = (await once(server, 'connection')) as [Socket];
  const closed = once(
    socket.resume().on('error', () => undefined),
    'close',
  );
  await http.close();
  await refused(answer, TokenServiceUnreachableError);
  await closed;
});
